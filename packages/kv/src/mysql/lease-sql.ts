/** How long leases may be looked after by nobody until that counts as an outage, in milliseconds. */
const outageMs = 3000;

/** How often it is noted that somebody looks after them. */
const noteEveryMs = 1000;

/** The time of the database in milliseconds since 1970, whatever the time zone of its session. */
export const databaseNowMs: string =
  "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(3)) DIV 1000)";

/** SQL of the time by which leases are measured. */
export interface LeaseTimeSql {
  /** The time now. */
  readonly now: string;
  /** Notes that leases are looked after; absent where time needs no such care. */
  readonly lookAfter: string | undefined;
}

/**
 * Time by which leases are measured: the database's, which stands still while nobody looks after
 * them, so that all are prolonged by an outage at once, and none has to be rewritten. A database
 * whose clock leaps, as after a failover, is the same case, in both directions.
 */
export const leaseTimeSql: LeaseTimeSql = {
  now: `(SELECT LEAST(${databaseNowMs}, looked + ${outageMs}) - paused FROM kv_lease_care WHERE one = 1)`,
  // `paused` first: MySQL computes the second from what it has made of the first.
  lookAfter: `UPDATE kv_lease_care SET
      paused = paused + IF(${databaseNowMs} > looked + ${outageMs} OR ${databaseNowMs} < looked, ${databaseNowMs} - looked, 0),
      looked = ${databaseNowMs}
    WHERE one = 1 AND (${databaseNowMs} >= looked + ${noteEveryMs} OR ${databaseNowMs} < looked)
      AND EXISTS (SELECT 1 FROM kv_lease)`,
};

/** Time as another clock has it, in whole milliseconds. */
export function givenTimeSql(nowMs: () => number): LeaseTimeSql {
  return {
    get now() {
      return String(Math.floor(nowMs()));
    },
    lookAfter: undefined,
  };
}
