import { createHash } from "node:crypto";
import { wireKeyValue } from "@cellplane/etcd-api";
import type { KeyValue } from "@cellplane/kv";
import { WireWriter } from "@cellplane/grpc";
import type { EtcdContext } from "../context/etcd-context.ts";

const pageKeys = 500;
const sectorBytes = 512;
const everything = { key: Buffer.of(0), end: Buffer.of(0) };

/** All keys as they were at one revision, in pages. */
export async function* readPages(
  { store }: EtcdContext,
  { revision, signal }: { readonly revision: number; readonly signal: AbortSignal },
): AsyncGenerator<readonly KeyValue[]> {
  for (let { key } = everything; ;) {
    const request = { key, end: everything.end, limit: pageKeys, revision };
    const { kvs, more } = await store.range(request, signal);
    yield kvs;
    const last = kvs.at(-1);
    if (!more || !last) return;
    key = Buffer.concat([last.key, Buffer.of(0)]);
  }
}

/**
 * The live keys as one file: a line that names the format, cluster and revision, then each key as
 * a length and an `mvccpb.KeyValue`; zeros to the next sector; SHA-256 of all that. Clients of
 * etcd check that the length is of whole sectors and a hash.
 */
export async function* writeSnapshot(
  context: EtcdContext,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const revision = await context.store.headRevision();
  const hash = createHash("sha256");
  let length = 0;
  const counted = (blob: Buffer): Buffer => {
    hash.update(blob);
    length += blob.length;
    return blob;
  };
  const cluster = context.clusterId.toString(16).padStart(16, "0");
  yield counted(Buffer.from(`cellplane-snapshot 1 ${cluster} ${revision}\n`));
  for await (const kvs of readPages(context, { revision, signal })) {
    if (kvs.length > 0) yield counted(encodeAll(kvs));
  }
  const rest = length % sectorBytes;
  if (rest > 0) yield counted(Buffer.alloc(sectorBytes - rest));
  yield hash.digest();
}

function encodeAll(kvs: readonly KeyValue[]): Buffer {
  const writer = new WireWriter();
  for (const kv of kvs) {
    const start = writer.beginNested();
    wireKeyValue.encode(kv, writer);
    writer.endNested(start);
  }
  return writer.take();
}
