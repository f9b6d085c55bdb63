import { deepEqual, equal, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { empty, type SnapshotResponse, snapshotResponse } from "@cellplane/etcd-api";
import { GrpcChannel } from "@cellplane/grpc";
import {
  ForwardingStore,
  type MvccStore,
  openMemoryStore,
  type RangeRequest,
  type RangeResult,
} from "@cellplane/kv";
import { type BoltContent, readBoltFile } from "../bolt/bolt-file.suite.ts";
import { createEtcdServer } from "./create-etcd-server.ts";

const folder = mkdtempSync(join(tmpdir(), "cellplane-snapshots-"));
after(() => rmSync(folder, { recursive: true }));

const method = {
  kind: "serverStream",
  path: "/etcdserverpb.Maintenance/Snapshot",
  request: empty,
  response: snapshotResponse,
} as const;

/** A server that keeps its temporary files in the folder of these tests, and a client of it. */
async function open(store: MvccStore, opened: AsyncDisposableStack): Promise<GrpcChannel> {
  opened.use(store);
  const onError = (): void => undefined;
  const options = { clientUrls: ["http://me"], snapshotDir: folder, onError };
  const server = opened.use(await createEtcdServer(store, options));
  const bound = await server.listen({ host: "127.0.0.1", port: 0 });
  const target = "port" in bound ? `http://127.0.0.1:${bound.port}` : "";
  return opened.use(new GrpcChannel({ target }));
}

async function readSnapshot(channel: GrpcChannel): Promise<readonly SnapshotResponse[]> {
  const answers: SnapshotResponse[] = [];
  const call = channel.serverStream(method, {}, { timeoutMs: 30_000 });
  for (let next = await call.read(); next; next = await call.read()) answers.push(next);
  return answers;
}

/** The database of a snapshot, which its last part is the hash of. */
function contentOf(answers: readonly SnapshotResponse[]): BoltContent {
  const blobs = answers.map(({ blob }) => Buffer.from(blob));
  const database = Buffer.concat(blobs.slice(0, -1));
  deepEqual(blobs.at(-1), createHash("sha256").update(database).digest());
  return readBoltFile(database).content;
}

async function put(store: MvccStore, key: string, value: Buffer): Promise<void> {
  const operation = { kind: "put", key: Buffer.from(key), value } as const;
  await store.txn({ compare: [], success: [operation], failure: [] });
}

/** The places of the log, as REVISION_SUB, and `t` for a delete. */
function placesOf(content: BoltContent): readonly string[] {
  return (content.get("key") ?? []).map(([text]) => {
    const key = Buffer.from(text, "latin1");
    return `${key.readBigUInt64BE(0)}_${key.readBigUInt64BE(9)}${key.toString("latin1", 17)}`;
  });
}

function metaOf(content: BoltContent, name: string): number {
  const [, value] = content.get("meta")?.find(([key]) => key === name) ?? [];
  return value ? Number(value.readBigUInt64BE(0)) : 0;
}

/** A store that is compacted as soon as somebody reads a revision of before. */
class CompactingStore extends ForwardingStore {
  readonly #store: MvccStore;
  #isCompacted = false;

  constructor(store: MvccStore) {
    super({ store: () => store });
    this.#store = store;
  }

  override async range(request: RangeRequest, signal?: AbortSignal): Promise<RangeResult> {
    if (!this.#isCompacted && (request.revision ?? 0) > 0) {
      this.#isCompacted = true;
      await this.#store.compact(await this.#store.headRevision());
    }
    return this.#store.range(request, signal);
  }
}

describe("Maintenance.Snapshot", () => {
  it("sends parts of 32 KiB, tells how much remains, and ends with the hash", async () => {
    await using opened = new AsyncDisposableStack();
    const store = await openMemoryStore();
    const channel = await open(store, opened);
    for (let i = 0; i < 40; i++) await put(store, `key${i}`, Buffer.alloc(5000));
    const answers = await readSnapshot(channel);
    contentOf(answers);
    const lengths = answers.map(({ blob }) => blob.length);
    const databaseBytes = lengths.slice(0, -1).reduce((sum, length) => sum + length, 0);
    equal(databaseBytes % 4096, 0);
    equal(lengths.at(-1), 32);
    let left = databaseBytes;
    for (const { blob, remainingBytes, version, header } of answers.slice(0, -1)) {
      left -= blob.length;
      equal(remainingBytes, left);
      ok(blob.length === 32 * 1024 || left === 0);
      deepEqual([version, header?.revision], ["3.5.0", 41]);
    }
    equal(answers.at(-1)?.remainingBytes, 0);
  });

  it("has all buckets of an etcd, of an empty store, too", async () => {
    await using opened = new AsyncDisposableStack();
    const content = contentOf(await readSnapshot(await open(await openMemoryStore(), opened)));
    const names = "alarm auth authRoles authUsers cluster key lease members members_removed meta";
    equal([...content.keys()].join(" "), names);
    deepEqual(content.get("key"), []);
    const meta = content.get("meta")?.map(([key]) => key);
    deepEqual(meta, ["confState", "consistent_index", "term"]);
  });

  it("has the state at the compacted revision, and all changes after it", async () => {
    await using opened = new AsyncDisposableStack();
    const store = await openMemoryStore();
    const channel = await open(store, opened);
    const value = Buffer.from("x");
    for (const key of ["b", "a", "b", "c", "d"]) await put(store, key, value);
    await store.compact(5);
    const change = { compare: [], failure: [] };
    const [a, e] = [Buffer.from("a"), Buffer.from("e")];
    await store.txn({
      ...change,
      success: [
        { kind: "put", key: e, value },
        { kind: "delete", key: a, end: Buffer.from("c") },
      ],
    });
    const content = contentOf(await readSnapshot(channel));
    deepEqual(placesOf(content), ["3_0", "4_0", "5_0", "6_0", "7_0", "7_1t", "7_2t"]);
    equal(metaOf(content, "finishedCompactRev"), 5);
    equal(metaOf(content, "scheduledCompactRev"), 5);
  });

  it("has the keys alone where history is compacted while it is read", async () => {
    await using opened = new AsyncDisposableStack();
    const store = await openMemoryStore();
    for (const key of ["b", "a", "b", "c", "b"]) await put(store, key, Buffer.from("x"));
    await store.compact(3);
    const content = contentOf(await readSnapshot(await open(new CompactingStore(store), opened)));
    deepEqual(placesOf(content), ["3_0", "5_0", "6_0"]);
    equal(metaOf(content, "finishedCompactRev"), 6);
  });

  it("leaves nothing behind when its client goes away", async () => {
    await using opened = new AsyncDisposableStack();
    const store = await openMemoryStore();
    const channel = await open(store, opened);
    for (let i = 0; i < 30; i++) await put(store, `key${i}`, Buffer.alloc(1_000_000, i));
    const call = channel.serverStream(method, {}, { timeoutMs: 30_000 });
    ok(await call.read());
    equal(openTemporaryFiles(), 1);
    deepEqual(readdirSync(folder), []);
    call.cancel();
    const deadline = performance.now() + 30_000;
    while (openTemporaryFiles() > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    equal(openTemporaryFiles(), 0);
  });
});

/** How many files without a name this process has open in the folder of these tests. */
function openTemporaryFiles(): number {
  ok(existsSync("/proc/self/fd"), "this test looks at Linux's list of open files");
  const targets = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(join("/proc/self/fd", fd));
    } catch {
      // It was closed meanwhile, as that of the list itself.
      return "";
    }
  });
  return targets.filter((target) => target.startsWith(folder)).length;
}
