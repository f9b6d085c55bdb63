import type { Revision } from "../store/mvcc-store.ts";
import type { LogChange } from "../store/revision-log.ts";
import { leaseRows } from "./lease-statements.ts";
import { bytesLiteral, keyLiteral, numberLiteral } from "./mysql-rows.ts";

/** What marks a batch. */
export interface BatchMark {
  /** Random, in the head and in each row of the log. */
  readonly token: number;
  readonly writer: number;
  /** The writer's number of the batch. */
  readonly batch: number;
  /** The head that the batch was decided on. */
  readonly before: Revision;
  /** Leases that end with it. */
  readonly ended: ReadonlySet<number>;
}

/**
 * Characters of one message: with the largest value of 3 MiB, which takes 6 MiB as hexadecimal, it
 * stays below the smallest packet limit of today's defaults, 16 MiB.
 */
const maxMessageChars = 6 * 1024 * 1024;

/** The statements that write a batch and commit it, in one message unless it is very large. */
export function commitMessages(
  changes: readonly LogChange[],
  mark: BatchMark,
): readonly (readonly string[])[] {
  const messages: string[][] = [];
  let rows: string[] = [];
  let chars = 0;
  for (const change of changes) {
    const row = logRow(change, mark.token);
    if (rows.length > 0 && chars + row.length > maxMessageChars) {
      messages.push([insertLog(rows)]);
      rows = [];
      chars = 0;
    }
    rows.push(row);
    chars += row.length;
  }
  const last = [
    ...(rows.length > 0 ? [insertLog(rows)] : []),
    ...currentRows(changes),
    ...leaseRows(changes, mark.ended),
    ...headRows(changes, mark),
    "COMMIT",
  ];
  return [...messages, last];
}

function insertLog(rows: readonly string[]): string {
  return `INSERT INTO kv_log VALUES ${rows.join(", ")}`;
}

function logRow(change: LogChange, token: number): string {
  const { revision, sub, key, kind, createRevision, previousRevision, previousSub } = change;
  const numbers = [createRevision, previousRevision, previousSub, change.version, change.lease];
  const value = bytesLiteral(change.value ?? Buffer.alloc(0));
  return `(${numberLiteral(revision)}, ${numberLiteral(sub)}, ${keyLiteral(key)}, ${kind === "delete" ? 1 : 0}, ${numbers.map(numberLiteral).join(", ")}, ${token}, ${value})`;
}

/** Only the last change of each key counts. */
function currentRows(changes: readonly LogChange[]): string[] {
  const lastOf = new Map(changes.map((change) => [change.key, change]));
  const puts: string[] = [];
  const deletes: string[] = [];
  for (const change of lastOf.values()) {
    if (change.kind === "delete") {
      deletes.push(keyLiteral(change.key));
      continue;
    }
    const { revision, sub, createRevision, version, lease } = change;
    const numbers = [revision, sub, createRevision, version, lease].map(numberLiteral);
    puts.push(`(${keyLiteral(change.key)}, ${numbers.join(", ")})`);
  }
  const statements: string[] = [];
  if (puts.length > 0) statements.push(`REPLACE INTO kv_current VALUES ${puts.join(", ")}`);
  if (deletes.length > 0) {
    statements.push(`DELETE FROM kv_current WHERE name IN (${deletes.join(", ")})`);
  }
  return statements;
}

function headRows(changes: readonly LogChange[], mark: BatchMark): readonly string[] {
  const { token, writer, batch, before } = mark;
  const first = numberLiteral(changes[0]?.revision ?? before);
  const last = numberLiteral(changes.at(-1)?.revision ?? before);
  const writerRow = `UPDATE kv_writer SET batch = ${batch}, first_revision = ${first}, last_revision = ${last} WHERE id = ${writer}`;
  if (changes.length === 0) return [writerRow];
  return [
    writerRow,
    `UPDATE kv_meta SET revision = ${last}, token = ${token} WHERE one = 1 AND revision = ${numberLiteral(before)}`,
  ];
}
