import { keyOf, type KeySpan, type KeyText } from "../store/key-text.ts";
import type { Revision } from "../store/mvcc-store.ts";
import type { LogChange, LogPosition } from "../store/revision-log.ts";
import type { SqlRow } from "./mysql-session.ts";

/** Columns of a change, without its value. */
export const changeColumns =
  "revision, sub, name, kind, create_revision, previous_revision, previous_sub, version, lease";

/** A key or value in SQL: hexadecimal, which no collation, escape rule or proxy touches. */
export function bytesLiteral(bytes: Buffer): string {
  return bytes.length === 0 ? "''" : `x'${bytes.toString("hex")}'`;
}

/** A key in SQL. */
export function keyLiteral(key: KeyText): string {
  return bytesLiteral(keyOf(key));
}

/** A whole number in SQL; anything else would become a part of the statement. */
export function numberLiteral(value: number): string {
  if (!Number.isSafeInteger(value)) throw new TypeError(`${value} is not a whole number`);
  return String(value);
}

/** A change of `changeColumns`, its value if that was read. */
export function changeOf(row: SqlRow): LogChange {
  const number = (at: number): number => Number(row[at]);
  const value = row[9];
  return {
    kind: number(3) === 1 ? "delete" : "put",
    key: bytesOf(row[2]).toString("latin1"),
    revision: number(0),
    sub: number(1),
    createRevision: number(4),
    version: number(7),
    lease: number(8),
    previousRevision: number(5),
    previousSub: number(6),
    value: value === undefined ? undefined : bytesOf(value),
    previous: undefined,
  };
}

/** Which of these rows: by primary key, one list of revisions for each `sub`. */
export function atPositions(positions: readonly LogPosition[]): string {
  const bySub = Map.groupBy(positions, ({ sub }) => sub);
  const lists = Array.from(bySub, ([sub, group]) => {
    const revisions = group.map(({ revision }) => numberLiteral(revision)).join(", ");
    return `(sub = ${numberLiteral(sub)} AND revision IN (${revisions}))`;
  });
  return lists.join(" OR ");
}

/** For each key of the span that changed after a revision: its first such change, in key order. */
export function firstChangesSql(span: KeySpan, revision: Revision): string {
  const end = span.end === undefined ? "" : ` AND name < ${keyLiteral(span.end)}`;
  const columns = changeColumns.replaceAll(/\w+/g, "l.$&");
  return `
    SELECT ${columns} FROM kv_log l JOIN (
      SELECT name, MIN(revision * 1048576 + sub) AS place FROM kv_log
      WHERE name >= ${keyLiteral(span.start)}${end} AND revision > ${numberLiteral(revision)}
      GROUP BY name) f
    ON l.revision = f.place DIV 1048576 AND l.sub = f.place MOD 1048576 ORDER BY l.name`;
}

function bytesOf(column: unknown): Buffer {
  if (!(column instanceof Uint8Array)) throw new TypeError("A column that should be bytes is none");
  return Buffer.from(column.buffer, column.byteOffset, column.byteLength);
}
