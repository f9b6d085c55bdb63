import { deepEqual, equal, rejects } from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type KeyValue, type Lease, type MvccStore, openMemoryStore } from "@cellplane/kv";
import { BoltWriter } from "../bolt/bolt-writer.ts";
import { EtcdContext } from "../context/etcd-context.ts";
import { defaultLimits } from "../context/etcd-limits.ts";
import { createSnapshot } from "./create-snapshot.ts";
import { isSnapshot, openSnapshot } from "./open-snapshot.ts";

const folder = mkdtempSync(join(tmpdir(), "cellplane-open-snapshot-"));
after(() => rmSync(folder, { recursive: true }));

async function save(store: MvccStore, name: string): Promise<string> {
  const file = join(folder, name);
  const status = await store.status();
  const context = new EtcdContext(store, { status, clientUrls: [], limits: defaultLimits });
  const signal = new AbortController().signal;
  await using snapshot = await createSnapshot(context, folder, signal);
  writeFileSync(file, "");
  for await (const { blob } of snapshot.blobs()) appendFileSync(file, blob);
  return file;
}

async function fill(store: MvccStore): Promise<void> {
  await store.leases?.grant({ id: 7, ttlSeconds: 70 });
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 50; i++) {
      const key = Buffer.from(`k${(i * 37) % 50}`);
      const put = { kind: "put", key, value: Buffer.alloc(i * 100, round) } as const;
      const other = { kind: "put", key: Buffer.of(0, 255, i), value: key, lease: 7 } as const;
      await store.txn({ compare: [], success: [put, other], failure: [] });
    }
    if (round === 1) await store.compact(await store.headRevision());
  }
  const range = { key: Buffer.from("k1"), end: Buffer.from("k2") };
  await store.txn({ compare: [], success: [{ kind: "delete", ...range }], failure: [] });
}

describe("openSnapshot()", () => {
  it("gives the live keys in their order, as they are, and the leases", async () => {
    await using store = await openMemoryStore();
    await fill(store);
    const file = await save(store, "whole");
    equal(await isSnapshot(file), true);
    await using snapshot = await openSnapshot(file);
    for (const _ of ["once", "again"]) {
      const { header, parts } = snapshot.image();
      const kvs: KeyValue[] = [];
      const leases: Lease[] = [];
      for await (const part of parts) {
        if (part.kind === "keys") kvs.push(...part.kvs);
        else leases.push(...part.leases);
      }
      const all = await store.range({ key: Buffer.of(0), end: Buffer.of(0) });
      deepEqual(kvs, all.kvs);
      deepEqual([header.revision, header.keys], [all.revision, all.count]);
      deepEqual(leases, [{ id: 7, ttlSeconds: 70 }]);
    }
  });

  it("knows the revision of a store in which all is deleted and compacted", async () => {
    await using store = await openMemoryStore();
    await fill(store);
    const everything = { key: Buffer.of(0), end: Buffer.of(0) };
    await store.txn({ compare: [], success: [{ kind: "delete", ...everything }], failure: [] });
    const head = await store.headRevision();
    await store.compact(head);
    await using snapshot = await openSnapshot(await save(store, "empty"));
    const { revision, keys } = snapshot.image().header;
    deepEqual([revision, keys], [head, 0]);
  });

  it("refuses what is cut off, changed, without a hash or another database", async () => {
    await using store = await openMemoryStore();
    await fill(store);
    const whole = readFileSync(await save(store, "sound"));
    const opening = (name: string, bytes: Buffer): Promise<unknown> => {
      const file = join(folder, name);
      writeFileSync(file, bytes);
      return openSnapshot(file);
    };
    const cutOff = { name: "ArchiveError", message: /cut off, or has no SHA-256/ };
    await rejects(opening("cut", whole.subarray(0, 10_000)), cutOff);
    await rejects(opening("no-hash", whole.subarray(0, -32)), cutOff);
    const fewer = Buffer.concat([whole.subarray(0, 8192), whole.subarray(-32)]);
    const changed = { name: "ArchiveError", message: /a part of it has changed: its SHA-256 is/ };
    await rejects(opening("fewer-pages", fewer), changed);
    const damaged = Buffer.from(whole);
    damaged.writeUInt8(damaged.readUInt8(9000) ^ 1, 9000);
    await rejects(opening("damaged", damaged), changed);
    await rejects(opening("no-meta", withHash(Buffer.alloc(8192))), {
      name: "ArchiveError",
      message: "Cannot read the snapshot: no page tells where its root is",
    });
    const rootless = Buffer.from(whole.subarray(0, 8192));
    await rejects(opening("rootless", withHash(rootless)), { name: "ArchiveError" });
    await using other = await BoltWriter.create(folder);
    await other.writeBucket("other", []);
    await other.finish();
    const foreign = withHash(await other.file.readAt(0, other.file.sizeBytes));
    await rejects(opening("foreign", foreign), {
      name: "ArchiveError",
      message: "Cannot read the snapshot: it is a database, but not of etcd",
    });
  });

  it("takes no other file for a snapshot", async () => {
    for (const text of ["", "cellplane-backup 1\n", "x".repeat(10_000)]) {
      const file = join(folder, "text");
      writeFileSync(file, text);
      equal(await isSnapshot(file), false);
    }
  });
});

function withHash(database: Buffer): Buffer {
  return Buffer.concat([database, createHash("sha256").update(database).digest()]);
}
