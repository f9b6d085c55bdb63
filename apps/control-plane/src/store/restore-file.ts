import { isSnapshot, openSnapshot } from "@cellplane/etcd";
import { checkBackup, encodeBackup, openBackup, type StoreImage } from "@cellplane/kv";
import type { BackupInput } from "./backup-file.ts";
import type { RestoreSource } from "./restore-into.ts";

/** What can be restored, checked to its last byte. */
export interface RestoreFile
  extends Pick<RestoreSource, "backup" | "image" | "revisions">, AsyncDisposable {
  readonly keys: number;
  readonly revision: number;
}

/**
 * Checks a backup of ours, or a snapshot of an etcd. The keys of a snapshot keep their revisions in
 * a store that is new, so that the clients of the etcd can go on with it.
 *
 * @throws {ArchiveError} What is wrong with it.
 */
export async function openRestoreFile(
  backup: BackupInput,
  onProgress: (keys: number, of: number) => void,
): Promise<RestoreFile> {
  if (await isSnapshot(backup.path)) {
    const snapshot = await openSnapshot(backup.path);
    const { keys, revision } = snapshot.image().header;
    return {
      keys,
      revision,
      revisions: "kept",
      backup: () => encodeBackup(snapshot.image()),
      image: () => Promise.resolve(snapshot.image()),
      [Symbol.asyncDispose]: () => snapshot[Symbol.asyncDispose](),
    };
  }
  const { keys, header } = await checkBackup(backup.open(), (done, found) =>
    onProgress(done, found.keys),
  );
  return {
    keys,
    revision: header.revision,
    revisions: "anew",
    backup: () => backup.open(),
    image: (): Promise<StoreImage> => openBackup(backup.open()),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
