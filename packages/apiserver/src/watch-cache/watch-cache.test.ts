import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import { CompactedError, type MvccStore, openMemoryStore } from "@cellplane/kv";
import { ObjectStorage } from "../storage/object-storage.ts";
import { encodeStoredObject } from "../storage/stored-object.ts";
import { plainValues, type ValueTransformer } from "../storage/value-transformer.ts";
import { type CacheEvent, selectEvent } from "./cache-event.ts";
import { openStoreFeed } from "./store-feed.ts";
import { WatchCache } from "./watch-cache.ts";

const prefix = "/registry/core/configmaps/";
const logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

interface Fixture extends AsyncDisposable {
  readonly store: MvccStore;
  readonly storage: ObjectStorage;
  readonly cache: WatchCache;
  put(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
}

async function open(
  options: {
    readonly ringEvents?: number;
    readonly values?: ValueTransformer;
  } = {},
): Promise<Fixture> {
  const store = await openMemoryStore();
  const feed = await openStoreFeed(store, logger);
  const values = options.values ?? plainValues;
  const storage = new ObjectStorage(store, values);
  const ring = { events: options.ringEvents ?? 100, bytes: 1 << 20 };
  const fields = undefined;
  const cache = new WatchCache({ prefix, fields, store, storage, values, feed, ring });
  const revisions = new Map<string, number>();
  return {
    store,
    storage,
    cache,
    put: async (name, labels = {}) => {
      const metadata = { name, namespace: "ns", labels };
      const object: KubernetesObject = { kind: "ConfigMap", apiVersion: "v1", metadata };
      const value = encodeStoredObject(object);
      const key = `${prefix}ns/${name}`;
      const outcome = await storage.put(key, value, {
        expect: revisions.get(name) ?? 0,
        signal: never,
      });
      if (outcome.kind === "lost") throw new Error("lost a race");
      revisions.set(name, outcome.revision);
      return outcome.revision;
    },
    [Symbol.asyncDispose]: async () => {
      cache[Symbol.dispose]();
      await feed[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** Collects events until there are `count`. */
function collector(): {
  readonly onEvent: (event: CacheEvent) => void;
  readonly take: (count: number) => Promise<readonly CacheEvent[]>;
} {
  const events: CacheEvent[] = [];
  let wake = (): void => undefined;
  return {
    onEvent: (event) => {
      events.push(event);
      wake();
    },
    take: async (count) => {
      while (events.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return events.slice(0, count);
    },
  };
}

const never = new AbortController().signal;

describe("WatchCache", () => {
  it("shows a write as soon as it is answered", async () => {
    await using fixture = await open();
    await fixture.put("a");
    await fixture.cache.reachHead();
    const revision = await fixture.put("b");
    equal(fixture.cache.reachHead(), undefined);
    equal(fixture.cache.get("ns", "b")?.revision, revision);
    const object = fixture.cache.get("ns", "b");
    equal(object && fixture.cache.parse(object).metadata.resourceVersion, String(revision));
  });

  it("replays recent changes, and then goes on", async () => {
    await using fixture = await open();
    await fixture.cache.reachHead();
    const first = await fixture.put("a");
    const second = await fixture.put("b");
    const { onEvent, take } = collector();
    fixture.cache.watch({ after: first }, { onEvent, onEnd: () => undefined });
    const third = await fixture.put("c");
    deepEqual(
      (await take(2)).map(({ revision }) => revision),
      [second, third],
    );
  });

  it("reads changes before its own from the store's history, without a gap", async () => {
    await using fixture = await open({ ringEvents: 2 });
    await fixture.cache.reachHead();
    const revisions: number[] = [];
    for (const name of ["a", "b", "c", "d", "e"]) revisions.push(await fixture.put(name));
    const { onEvent, take } = collector();
    const after = (revisions[0] ?? 0) - 1;
    fixture.cache.watch({ after }, { onEvent, onEnd: () => undefined });
    revisions.push(await fixture.put("f"));
    deepEqual(
      (await take(6)).map(({ revision }) => revision),
      revisions,
    );
  });

  it("ends a watch whose history is compacted", async () => {
    await using fixture = await open({ ringEvents: 1 });
    await fixture.cache.reachHead();
    const first = await fixture.put("a");
    for (const name of ["b", "c", "d"]) await fixture.put(name);
    await fixture.store.compact(first + 2);
    const { promise, resolve } = Promise.withResolvers<Error | undefined>();
    fixture.cache.watch({ after: first }, { onEvent: () => undefined, onEnd: resolve });
    ok((await promise) instanceof CompactedError);
  });

  it("tells an object that leaves a selection as deleted, in its old state", async () => {
    await using fixture = await open();
    await fixture.cache.reachHead();
    const { onEvent, take } = collector();
    fixture.cache.watch({}, { onEvent, onEnd: () => undefined });
    await fixture.put("a", { t: "1" });
    await fixture.put("a", { t: "2" });
    const types = (await take(2)).map((event) => {
      const selected = selectEvent(event, ({ labels }) => labels?.["t"] === "1");
      return `${selected?.type} ${selected?.object.labels?.["t"]}`;
    });
    deepEqual(types, ["ADDED 1", "DELETED 1"]);
  });

  it("keeps the order where values must be waited for", async () => {
    const values: ValueTransformer = {
      toStore: async (value) => Buffer.from(value.map((byte) => byte ^ 1)),
      fromStore: async (value) => Buffer.from(value.map((byte) => byte ^ 1)),
    };
    await using fixture = await open({ values });
    await fixture.cache.reachHead();
    const { onEvent, take } = collector();
    fixture.cache.watch({}, { onEvent, onEnd: () => undefined });
    const revisions = [await fixture.put("a"), await fixture.put("b"), await fixture.put("a")];
    await fixture.cache.reachHead();
    equal(fixture.cache.get("ns", "a")?.revision, revisions[2]);
    deepEqual(
      (await take(3)).map(({ revision }) => revision),
      revisions,
    );
  });
});
