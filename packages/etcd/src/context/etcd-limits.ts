/** What a request may be, under etcd's names for it. */
export interface EtcdLimits {
  /** The longest write, in bytes. */
  readonly maxRequestBytes: number;
  /** Beyond it the store refuses puts, in bytes; 0: none. */
  readonly quotaBytes: number;
}

/** As etcd has them, but for the quota: a database has no such limit of its own. */
export const defaultLimits: EtcdLimits = { maxRequestBytes: 1.5 * 1024 * 1024, quotaBytes: 0 };

/** What a message may have around its write, as in etcd. */
const overheadBytes = 512 * 1024;

/** The longest message that is read at all: one that is longer breaks off its call. */
export function maxMessageBytes({ maxRequestBytes }: EtcdLimits): number {
  return maxRequestBytes + overheadBytes;
}
