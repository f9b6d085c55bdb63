import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { wireKeyValue } from "@cellplane/etcd-api";
import { WireError } from "@cellplane/grpc";
import { ArchiveError, type KeyValue, type Lease, LeaseIds, type StoreImage } from "@cellplane/kv";
import { looksLikeBolt, metaBytes } from "../bolt/bolt-format.ts";
import { BoltError, BoltReader } from "../bolt/bolt-reader.ts";
import { readFully } from "../bolt/read-fully.ts";
import { findLiveKeys, type LiveKeys, type ValuePlace } from "./find-live-keys.ts";
import { leaseRecord } from "./etcd-records.ts";

const hashBytes = 32;
const hashedAtOnceBytes = 1024 * 1024;
const sectorBytes = 512;
const keysOfPage = 500;
const pageBytes = 2 * 1024 * 1024;

/** A snapshot that was checked. */
export interface OpenedSnapshot extends AsyncDisposable {
  /** What it holds; may be asked for several times. */
  readonly image: () => StoreImage;
}

/** Whether a file begins as a snapshot of etcd does. */
export async function isSnapshot(path: string): Promise<boolean> {
  await using file = await open(path, "r");
  return looksLikeBolt(await readFully(file, 0, metaBytes));
}

/**
 * Opens a snapshot that `etcdctl snapshot save` has written, and reads it once: what is wrong with
 * it is found here. Of each live key its place is kept in memory, not its value.
 *
 * @throws {ArchiveError} It is cut off, changed or no database of etcd.
 */
export async function openSnapshot(path: string): Promise<OpenedSnapshot> {
  const file = await open(path, "r");
  try {
    const { size, mtimeMs } = await file.stat();
    await checkHash(file, size);
    const bolt = await BoltReader.open((at, length) => readFully(file, at, length));
    if (!bolt.has("key") || !bolt.has("meta")) {
      throw new BoltError("it is a database, but not of etcd");
    }
    const found = { live: await findLiveKeys(bolt), leases: await readLeases(bolt) };
    return {
      image: () => imageOf(file, { ...found, takenAtMs: Math.floor(mtimeMs) }),
      [Symbol.asyncDispose]: () => file.close(),
    };
  } catch (error) {
    await file.close();
    if (!(error instanceof BoltError || error instanceof WireError)) throw error;
    throw new ArchiveError(`Cannot read the snapshot: ${error.message}`, { cause: error });
  }
}

async function checkHash(file: FileHandle, sizeBytes: number): Promise<void> {
  if (sizeBytes % sectorBytes !== hashBytes) {
    throw new ArchiveError(
      "Cannot read the snapshot as it is cut off, or has no SHA-256 at its end as a copy of etcd's file has none; take it with etcdctl snapshot save",
    );
  }
  const end = sizeBytes - hashBytes;
  const hash = createHash("sha256");
  for (let at = 0; at < end; at += hashedAtOnceBytes) {
    hash.update(await readFully(file, at, Math.min(hashedAtOnceBytes, end - at)));
  }
  const wanted = await readFully(file, end, hashBytes);
  const found = hash.digest();
  if (found.equals(wanted)) return;
  throw new ArchiveError(
    `Cannot read the snapshot as a part of it has changed: its SHA-256 is ${found.toString("hex")} and should be ${wanted.toString("hex")}`,
  );
}

interface SnapshotContent {
  readonly live: LiveKeys;
  readonly leases: readonly WireLease[];
  readonly takenAtMs: number;
}

interface WireLease {
  readonly id: number | bigint;
  readonly ttlSeconds: number;
}

function imageOf(file: FileHandle, { live, leases, takenAtMs }: SnapshotContent): StoreImage {
  const { revision, places } = live;
  const header = { driver: "etcd", clusterId: "", epoch: 0, schema: 0 };
  const ids = new LeaseIds();
  const toLease = ({ id, ttlSeconds }: WireLease): Lease => ({ id: ids.toNumber(id), ttlSeconds });
  return {
    header: { ...header, revision, keys: places.size, takenAtMs },
    parts: (async function* () {
      yield { kind: "leases", leases: leases.map(toLease) } as const;
      const known = new Set(leases.map(({ id }) => ids.toNumber(id)));
      for await (const kvs of readValues(file, places)) {
        yield { kind: "keys", kvs: kvs.map((kv) => withKnownLease(kv, ids, known)) } as const;
      }
    })(),
  };
}

type StoredKeyValue = ReturnType<typeof wireKeyValue.decode>;

/** A key whose lease is not there would have none in an etcd either. */
function withKnownLease(kv: StoredKeyValue, ids: LeaseIds, known: ReadonlySet<number>): KeyValue {
  const lease = ids.toNumber(kv.lease);
  return {
    ...kv,
    key: Buffer.from(kv.key),
    value: Buffer.from(kv.value),
    lease: known.has(lease) ? lease : 0,
  };
}

async function readLeases(bolt: BoltReader): Promise<readonly WireLease[]> {
  const leases: WireLease[] = [];
  for await (const entries of bolt.items("lease")) {
    for (const { value } of entries) {
      const { id, ttl } = leaseRecord.decode(value);
      leases.push({ id, ttlSeconds: ttl });
    }
  }
  return leases;
}

/** The values in the order of their keys. */
async function* readValues(
  file: FileHandle,
  places: ReadonlyMap<string, ValuePlace>,
): AsyncGenerator<readonly StoredKeyValue[]> {
  const keys = [...places.keys()].sort();
  let page: ValuePlace[] = [];
  let bytes = 0;
  for (const key of keys) {
    const place = places.get(key);
    if (!place) continue;
    page.push(place);
    bytes += place.lengthBytes;
    if (page.length < keysOfPage && bytes < pageBytes) continue;
    yield await readAll(file, page);
    page = [];
    bytes = 0;
  }
  if (page.length > 0) yield await readAll(file, page);
}

function readAll(
  file: FileHandle,
  places: readonly ValuePlace[],
): Promise<readonly StoredKeyValue[]> {
  return Promise.all(
    places.map(async ({ at, lengthBytes }) =>
      wireKeyValue.decode(await readFully(file, at, lengthBytes)),
    ),
  );
}
