import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import type { GrpcServer } from "@cellplane/grpc";
import {
  type MvccStore,
  openEtcdStore,
  openMemoryStore,
  RevisionsLostError,
  type WatchEvent,
} from "@cellplane/kv";
import { createEtcdServer } from "./create-etcd-server.ts";

const everything = { key: Buffer.of(0), end: Buffer.of(0) };

/** A member of a cluster: several have one store. */
async function openMember(store: MvccStore, port = 0): Promise<GrpcServer & { port: number }> {
  const server = await createEtcdServer(store, { clientUrls: ["http://me"], onError: () => {} });
  const bound = await server.listen({ host: "127.0.0.1", port });
  return Object.assign(server, { port: "port" in bound ? bound.port : 0 });
}

async function put(store: MvccStore, value: string): Promise<number> {
  const operation = { kind: "put" as const, key: Buffer.from("a"), value: Buffer.from(value) };
  const { revision } = await store.txn({ compare: [], success: [operation], failure: [] });
  return revision;
}

/** What a watch of everything is told; `ended` gives why it ended. */
function record(store: MvccStore): {
  readonly events: readonly WatchEvent[];
  readonly ended: Promise<Error | undefined>;
} {
  const events: WatchEvent[] = [];
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  store.watch(everything, { onBatch: (batch) => events.push(...batch.events), onEnd: resolve });
  return { events, ended: promise };
}

describe("openEtcdStore() with several members", () => {
  it("goes on with the next member when one fails, with every change once", async () => {
    await using memory = await openMemoryStore();
    const first = await openMember(memory);
    await using second = await openMember(memory);
    await using store = await openEtcdStore(
      `etcd://127.0.0.1:${first.port},127.0.0.1:${second.port}`,
    );
    const watch = record(store);
    await put(store, "1");
    await first.close(0);
    // What nobody had an answer to may have to be written again by whoever wrote it.
    await put(store, "2").catch(() => put(store, "2"));
    const head = await put(store, "3");
    deepEqual(
      watch.events.map(({ kv }) => kv.modRevision),
      Array.from({ length: head - 1 }, (_, i) => i + 2),
    );
    equal(watch.events.at(-1)?.kv.value.toString(), "3");
  });

  it("begins with whichever answers", async () => {
    await using memory = await openMemoryStore();
    const gone = await openMember(memory);
    const { port } = gone;
    await gone.close(0);
    await using member = await openMember(memory);
    await using store = await openEtcdStore(`etcd://127.0.0.1:${port},127.0.0.1:${member.port}`);
    equal(await put(store, "1"), 2);
  });
});

describe("openEtcdStore() where another cluster answers", () => {
  it("ends its watches, and serves nothing any more", async () => {
    await using memory = await openMemoryStore();
    const member = await openMember(memory);
    await using store = await openEtcdStore(`etcd://127.0.0.1:${member.port}`);
    const watch = record(store);
    await put(store, "1");
    await member.close(0);
    await using other = await openMemoryStore();
    await using _server = await openMember(other, member.port);
    ok((await watch.ended) instanceof RevisionsLostError);
    await rejects(put(store, "2"), RevisionsLostError);
    await rejects(store.range(everything), RevisionsLostError);
    await rejects(Promise.resolve(store.headRevision()), RevisionsLostError);
    equal(await other.headRevision(), 1);
  });
});

describe("openEtcdStore() where nobody answers", () => {
  it("gives up as its caller does", async () => {
    await using memory = await openMemoryStore();
    const member = await openMember(memory);
    await using store = await openEtcdStore(`etcd://127.0.0.1:${member.port}`);
    await put(store, "1");
    await member.close(0);
    const late = new Error("too late");
    const stop = new AbortController();
    const reading = rejects(store.range(everything, stop.signal), late);
    stop.abort(late);
    await reading;
  });

  it("lets itself be closed", async () => {
    await using memory = await openMemoryStore();
    const member = await openMember(memory);
    const store = await openEtcdStore(`etcd://127.0.0.1:${member.port}`);
    const watch = record(store);
    await member.close(0);
    const reading = rejects(store.range(everything), { name: "UnavailableError" });
    await store[Symbol.asyncDispose]();
    await reading;
    equal((await watch.ended)?.message, "Cannot watch on as the store is closed");
  });
});
