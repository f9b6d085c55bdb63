import { RevisionsLostError, UnavailableError } from "../store/kv-error.ts";
import type { MvccStore } from "../store/mvcc-store.ts";
import { EtcdMvccStore } from "./etcd-mvcc-store.ts";
import { parseEtcdUrl } from "./etcd-url.ts";
import { tellsProgress } from "./tells-progress.ts";

/** Settings of a store in etcd. */
export interface EtcdStoreOptions {
  /** Where a password is looked for that the URL does not name; see `passwordVariable`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** A file that remembers the newest revision, so that a cluster that went back is noticed after a restart. */
  readonly headMemoryPath?: string;
}

/**
 * Opens a store in an etcd cluster, 3.4 to 3.6. Any number of processes may have it open, and others
 * may use the rest of the cluster where a prefix is given.
 *
 * @param url `etcd://[user[:password]@]host:port[,host:port…]?prefix=…&ssl-ca=…&ssl-cert=…&ssl-key=…&password-file=…`.
 * @throws {UnavailableError} The cluster is away, refuses, is too old, or has lost revisions; never
 * with the password in its message.
 */
export async function openEtcdStore(
  url: string,
  { environment = {}, headMemoryPath }: EtcdStoreOptions = {},
): Promise<MvccStore> {
  const store = new EtcdMvccStore(parseEtcdUrl(url, environment), headMemoryPath);
  try {
    await store.headRevision();
    const version = await store.readVersion();
    if (version !== undefined && !tellsProgress(version)) {
      throw new UnavailableError(
        `Cannot use etcd ${version} as it tells progress ahead of events; use 3.4.31, 3.5.13 or newer`,
      );
    }
    return store;
  } catch (error) {
    await store[Symbol.asyncDispose]();
    if (!(error instanceof RevisionsLostError)) throw error;
    throw new UnavailableError(error.message, { cause: error });
  }
}
