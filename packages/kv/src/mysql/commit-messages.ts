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
  /** The head that the batch relies on, where its transaction has not begun yet. */
  readonly reliesOn?: HeadMark | undefined;
}

/** What marks a head: nobody has written since it was read where all of it is the same. */
export interface HeadMark {
  readonly epoch: number;
  readonly revision: Revision;
  readonly token: number;
}

/** Characters of one statement, unless a single row has more: the largest value, 3 MiB, takes 6 MiB. */
const maxStatementChars = 6 * 1024 * 1024;

/** Characters of one message: with another row it stays below the smallest packet limit, 16 MiB. */
const maxMessageChars = 12 * 1024 * 1024;

/** Fails with `outOfRange` in every SQL mode, and stops the message: a condition would only change no row. */
const failingOn = (column: string): string => `${column} + ${2n ** 63n - 1n}`;

/** The server's number for a sum that no BIGINT holds: what a batch relied on is not so. */
export const outOfRange = 1690;

/**
 * The statements that write a batch and commit it, in one message unless it is very large. Where
 * the lock has not been taken, the first takes it, and fails unless the head is the one relied on.
 */
export function commitMessages(
  changes: readonly LogChange[],
  mark: BatchMark,
): readonly (readonly string[])[] {
  const rows = [
    ...logRows(changes, mark.token),
    ...currentRows(changes),
    ...leaseRows(changes, mark.ended),
  ];
  const statements = mark.reliesOn
    ? ["BEGIN", ...reliantHeadRows(changes, mark, mark.reliesOn), ...rows, "COMMIT"]
    : [...rows, ...headRows(changes, mark), "COMMIT"];
  const messages: string[][] = [];
  let chars = Number.POSITIVE_INFINITY;
  for (const statement of statements) {
    if (chars + statement.length > maxMessageChars) {
      messages.push([]);
      chars = 0;
    }
    messages.at(-1)?.push(statement);
    chars += statement.length;
  }
  return messages;
}

function logRows(changes: readonly LogChange[], token: number): readonly string[] {
  const rows = changes.map((change) => logRow(change, token));
  return inParts(rows).map((part) => `INSERT INTO kv_log VALUES ${part}`);
}

/** Rows, or keys, as lists that are not too long for one statement. */
function inParts(rows: readonly string[]): readonly string[] {
  const parts: string[] = [];
  let from = 0;
  let chars = 0;
  for (const [i, { length }] of rows.entries()) {
    if (i > from && chars + length > maxStatementChars) {
      parts.push(rows.slice(from, i).join(", "));
      from = i;
      chars = 0;
    }
    chars += length;
  }
  if (from < rows.length) parts.push(rows.slice(from).join(", "));
  return parts;
}

function logRow(change: LogChange, token: number): string {
  const { revision, sub, key, kind, createRevision, previousRevision, previousSub } = change;
  const numbers = [createRevision, previousRevision, previousSub, change.version, change.lease];
  const value = bytesLiteral(change.value ?? Buffer.alloc(0));
  return `(${numberLiteral(revision)}, ${numberLiteral(sub)}, ${keyLiteral(key)}, ${kind === "delete" ? 1 : 0}, ${numbers.map(numberLiteral).join(", ")}, ${token}, ${value})`;
}

/** Only the last change of each key counts. */
function currentRows(changes: readonly LogChange[]): readonly string[] {
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
  return [
    ...inParts(puts).map((part) => `REPLACE INTO kv_current VALUES ${part}`),
    ...inParts(deletes).map((part) => `DELETE FROM kv_current WHERE name IN (${part})`),
  ];
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

/** The batch's number, too, is checked: `settle` leaves a later one where the message may come late. */
function reliantHeadRows(
  changes: readonly LogChange[],
  { token, writer, batch }: BatchMark,
  { epoch, revision, token: known }: HeadMark,
): readonly string[] {
  const before = numberLiteral(revision);
  const first = numberLiteral(changes[0]?.revision ?? revision);
  const last = numberLiteral(changes.at(-1)?.revision ?? revision);
  const isSame = `revision = ${before} AND token = ${numberLiteral(known)} AND epoch = ${numberLiteral(epoch)}`;
  return [
    // `token` last: MySQL computes the second from what it has made of the first.
    `UPDATE kv_meta SET revision = IF(${isSame}, ${last}, ${failingOn("revision")}), token = ${token} WHERE one = 1`,
    `UPDATE kv_writer SET batch = IF(batch < ${batch}, ${batch}, ${failingOn("batch")}), first_revision = ${first}, last_revision = ${last} WHERE id = ${writer}`,
  ];
}
