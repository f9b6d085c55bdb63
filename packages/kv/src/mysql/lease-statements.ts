import type { KeyText } from "../store/key-text.ts";
import type { LeaseNeeds, LogChange, TurnLeases } from "../store/revision-log.ts";
import type { LeaseTimeSql } from "./lease-sql.ts";
import { keyLiteral, numberLiteral } from "./mysql-rows.ts";
import type { SqlRow } from "./mysql-session.ts";

/** Most leases, or keys, named in one statement. */
const idsPerStatement = 1000;

/** Leases as SQL names them. */
export function idList(ids: Iterable<number>): string {
  return [...ids]
    .sort((a, b) => a - b)
    .map(numberLiteral)
    .join(", ");
}

/**
 * Statements that read the leases of a batch under the lock on `kv_meta`. Those that are about to
 * end are locked, so that a keep-alive waits for what becomes of them; they are read by another
 * statement, for OceanBase's locking read may tell a row as it was before the lock was waited for.
 */
export function readLeases(needs: LeaseNeeds | undefined, time: LeaseTimeSql): readonly string[] {
  if (!needs) return [];
  const { named, ending } = needs;
  const lock = `SELECT id FROM kv_lease WHERE id IN (${idList(ending)}) ORDER BY id FOR UPDATE`;
  const read = `SELECT id, expiry <= ${time.now} FROM kv_lease WHERE id IN (${idList(named.union(ending))})`;
  return ending.size > 0 ? [lock, read] : [read];
}

/** What the last of `readLeases` has told. */
export function turnLeasesOf(rows: readonly SqlRow[]): TurnLeases {
  const due = new Map(rows.map((row) => [Number(row[0]), Number(row[1]) === 1]));
  return { has: (id) => due.has(id), isDue: (id) => due.get(id) ?? false };
}

/** Statements by which a batch attaches its keys to leases, detaches them, and ends leases. */
export function leaseRows(
  changes: readonly LogChange[],
  ended: ReadonlySet<number>,
): readonly string[] {
  const attached: string[] = [];
  const detached = new Map<number, KeyText[]>();
  for (const { key, before, after } of moves(changes)) {
    if (after !== 0) attached.push(`(${numberLiteral(after)}, ${keyLiteral(key)})`);
    if (before === 0) continue;
    const keys = detached.get(before);
    if (keys) keys.push(key);
    else detached.set(before, [key]);
  }
  const statements = Array.from(detached, ([lease, keys]) =>
    chunks(keys).map(
      (chunk) =>
        `DELETE FROM kv_lease_key WHERE lease = ${numberLiteral(lease)} AND name IN (${chunk.map(keyLiteral).join(", ")})`,
    ),
  ).flat();
  for (const chunk of chunks(attached)) {
    statements.push(`REPLACE INTO kv_lease_key VALUES ${chunk.join(", ")}`);
  }
  if (ended.size > 0) statements.push(`DELETE FROM kv_lease WHERE id IN (${idList(ended)})`);
  return statements;
}

interface Move {
  readonly key: KeyText;
  readonly before: number;
  readonly after: number;
}

/** Keys whose lease is another after the batch. */
function moves(changes: readonly LogChange[]): readonly Move[] {
  const byKey = new Map<KeyText, { before: number; after: number }>();
  for (const { key, lease, previous } of changes) {
    const known = byKey.get(key);
    if (known) known.after = lease;
    else if (lease !== 0 || previous?.lease) {
      byKey.set(key, { before: previous?.lease ?? 0, after: lease });
    }
  }
  return Array.from(byKey, ([key, move]) => ({ key, ...move })).filter(
    ({ before, after }) => before !== after,
  );
}

function chunks<T>(all: readonly T[]): readonly (readonly T[])[] {
  const parts: T[][] = [];
  for (let i = 0; i < all.length; i += idsPerStatement)
    parts.push(all.slice(i, i + idsPerStatement));
  return parts;
}
