import { createHash } from "node:crypto";
import { CompactedError } from "@cellplane/kv";
import { BoltWriter } from "../bolt/bolt-writer.ts";
import type { TemporaryFile } from "../bolt/temporary-file.ts";
import type { EtcdContext } from "../context/etcd-context.ts";
import { writeMetadata } from "./write-metadata.ts";
import { readLog } from "./read-log.ts";
import { SnapshotLeases } from "./snapshot-leases.ts";

/** A part of a snapshot, as it is sent. */
export interface SnapshotBlob {
  readonly blob: Buffer;
  /** Bytes of the database that come after it. */
  readonly remainingBytes: number;
}

const readBytes = 1024 * 1024;
const blobBytes = 32 * 1024;

/** etcd's database with all that a store holds, in a temporary file that goes with it. */
export class Snapshot implements AsyncDisposable {
  readonly #file: TemporaryFile;
  /** All is as of this revision. */
  readonly revision: number;

  constructor(file: TemporaryFile, revision: number) {
    this.#file = file;
    this.revision = revision;
  }

  /** The database in parts, and last the SHA-256 of it. */
  async *blobs(): AsyncGenerator<SnapshotBlob> {
    const hash = createHash("sha256");
    const { sizeBytes } = this.#file;
    for (let at = 0; at < sizeBytes;) {
      const bytes = await this.#file.readAt(at, Math.min(readBytes, sizeBytes - at));
      if (bytes.length === 0) throw new Error("A temporary file has lost its end");
      hash.update(bytes);
      for (let from = 0; from < bytes.length; from += blobBytes) {
        const blob = bytes.subarray(from, from + blobBytes);
        yield { blob, remainingBytes: sizeBytes - at - from - blob.length };
      }
      at += bytes.length;
    }
    yield { blob: hash.digest(), remainingBytes: 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]();
  }
}

/**
 * Takes a snapshot while others write: of all history that is kept, or of the keys alone where
 * history is compacted while it is read.
 *
 * @param folder - Where temporary files go.
 */
export async function createSnapshot(
  context: EtcdContext,
  folder: string,
  signal: AbortSignal,
): Promise<Snapshot> {
  const { compacted } = await context.store.status(signal);
  try {
    return await createFrom(context, { base: compacted, folder }, signal);
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
    return createFrom(context, { base: "head", folder }, signal);
  }
}

async function createFrom(
  context: EtcdContext,
  options: { readonly base: number | "head"; readonly folder: string },
  signal: AbortSignal,
): Promise<Snapshot> {
  const { store } = context;
  const { folder } = options;
  const leases = await SnapshotLeases.read(store);
  const head = await store.headRevision();
  const base = options.base === "head" ? head : options.base;
  const bolt = await BoltWriter.create(folder);
  try {
    await bolt.writeBucket("key", readLog(store, { base, head, leases, folder }, signal));
    await writeMetadata(bolt, context, { base, head, leases: await leases.all() });
    await bolt.finish();
    return new Snapshot(bolt.file, head);
  } catch (error) {
    await bolt[Symbol.asyncDispose]();
    throw error;
  }
}
