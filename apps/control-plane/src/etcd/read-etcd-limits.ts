import { ServerError } from "../options/server-error.ts";

/** What a client may ask for, under etcd's names. */
export interface EtcdCommandLimits {
  /** 0: none. */
  readonly quotaBackendBytes: number;
  readonly maxRequestBytes: number;
  readonly maxTxnOps: number;
  /** Calls at a time on one connection. */
  readonly maxConcurrentStreams: number;
}

/** The same as the flags have it. */
export type RawEtcdLimits = { readonly [Name in keyof EtcdCommandLimits]: string };

const maxStreams = 0xffff_ffff;
/** A store takes no longer value, whatever the request may be. */
const maxRequest = 64 * 1024 * 1024;

/** Reads the limits of `cellplane etcd`. @throws {ServerError} One is out of its range. */
export function readEtcdLimits(raw: RawEtcdLimits): EtcdCommandLimits {
  const { MAX_SAFE_INTEGER: any } = Number;
  return {
    quotaBackendBytes: parseCount("--quota-backend-bytes", raw.quotaBackendBytes, [0, any]),
    maxRequestBytes: parseCount("--max-request-bytes", raw.maxRequestBytes, [1, maxRequest]),
    maxTxnOps: parseCount("--max-txn-ops", raw.maxTxnOps, [1, 10_000]),
    maxConcurrentStreams: parseCount("--max-concurrent-streams", raw.maxConcurrentStreams, [
      1,
      maxStreams,
    ]),
  };
}

function parseCount(flag: string, text: string, [least, most]: readonly [number, number]): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= least && count <= most) return count;
  throw new ServerError(
    `Cannot serve as ${flag} must be a whole number from ${least} to ${most}: it is "${text}"`,
  );
}
