import { deepEqual, equal, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import type { LeaseClock } from "../watch/lease-terms.ts";
import type { LeaseStore, MvccStore } from "./mvcc-store.ts";
import {
  k,
  put,
  RecordingWatch,
  remove,
  run,
  type StoreTraits,
  textOf,
} from "./mvcc-testing.suite.ts";

/** Opens an empty store whose leases go by a clock. */
export type OpenLeaseStore = (leaseClock: LeaseClock) => Promise<MvccStore>;

const everything = { key: k("\0"), end: k("\0") };

/** Where stores with leases may differ. */
export interface LeaseTraits extends Pick<StoreTraits, "order"> {
  /** What their time is measured by: the clock that is given, unless they can't; then cases take seconds. */
  readonly clock?: "given" | "real";
}

/** The leases of a store, as etcd's: every driver that has any passes it. */
export function describeLeases(name: string, open: OpenLeaseStore, traits: LeaseTraits = {}): void {
  describe(`${name} as LeaseStore`, () => {
    describeGrants(open, traits);
    describeAttachment(open, traits);
    if (traits.clock === "real") describeExpiryInSeconds(open);
    else describeExpiry(open);
    describeClosed(open);
  });
}

function describeGrants(open: OpenLeaseStore, { order = "arrival" }: LeaseTraits): void {
  describe("grant()", () => {
    it("chooses an id, and raises a short time to two seconds", async () => {
      const { store, leases } = await openWithClock(open);
      const lease = await leases.grant({ id: 0, ttlSeconds: 1 });
      equal(lease.ttlSeconds, 2);
      equal(Number.isSafeInteger(lease.id) && lease.id > 0, true);
      deepEqual(await leases.list(), [lease]);
      equal(await store.headRevision(), 1);
      await store[Symbol.asyncDispose]();
    });

    it("refuses an id that there is, and a time that is too long", async () => {
      const { store, leases } = await openWithClock(open);
      const wanted = { id: 5, ttlSeconds: 10 };
      const both = await Promise.allSettled([leases.grant(wanted), leases.grant(wanted)]);
      const statuses = both.map(({ status }) => status);
      deepEqual(order === "arrival" ? statuses : statuses.sort(), ["fulfilled", "rejected"]);
      await rejects(leases.grant(wanted), { reason: "leaseExists" });
      const tooLong = leases.grant({ id: 6, ttlSeconds: 9_000_000_001 });
      await rejects(tooLong, { reason: "leaseTooLong" });
      await store[Symbol.asyncDispose]();
    });

    it("lists those that end first first", async () => {
      const { store, leases } = await openWithClock(open);
      for (const [id, ttlSeconds] of [
        [1, 30],
        [2, 10],
        [3, 20],
      ] as const) {
        await leases.grant({ id, ttlSeconds });
      }
      deepEqual(
        (await leases.list()).map(({ id }) => id),
        [2, 3, 1],
      );
      await store[Symbol.asyncDispose]();
    });
  });
}

function describeAttachment(open: OpenLeaseStore, { order = "arrival" }: LeaseTraits): void {
  describe("revoke()", () => {
    it("deletes the keys of the lease in key order as one revision", async () => {
      const { store, leases } = await openWithClock(open);
      await leases.grant({ id: 7, ttlSeconds: 60 });
      for (const key of ["c", "a", "b"]) await put(store, key, "v", { lease: 7 });
      await put(store, "other", "v");
      const watch = new RecordingWatch(store, { ...everything, startRevision: 6 });
      equal(await leases.revoke(7), 6);
      await watch.until(({ events }) => events.length === 3);
      equal(watch.text, "-a@6 -b@6 -c@6");
      equal(watch.batches.length, 1);
      equal(textOf((await store.range(everything)).kvs), "other");
      await rejects(leases.revoke(7), { reason: "leaseNotFound" });
      await store[Symbol.asyncDispose]();
    });

    it("makes no revision for a lease without keys", async () => {
      const { store, leases } = await openWithClock(open);
      await leases.grant({ id: 7, ttlSeconds: 60 });
      equal(await leases.revoke(7), 1);
      equal(await leases.timeToLive(7), undefined);
      await store[Symbol.asyncDispose]();
    });

    it("leaves keys alone that were put without it or deleted since", async () => {
      const { store, leases } = await openWithClock(open);
      for (const id of [1, 2]) await leases.grant({ id, ttlSeconds: 60 });
      for (const key of ["detached", "moved", "gone", "kept"]) {
        await put(store, key, "v", { lease: 1 });
      }
      await put(store, "detached", "v");
      await put(store, "moved", "v", { lease: 2 });
      await remove(store, "gone");
      await run(store, { kind: "put", key: k("kept"), value: k("w"), ignoreLease: true });
      deepEqual((await leases.timeToLive(1))?.keys, [k("kept")]);
      await leases.revoke(1);
      equal(textOf((await store.range(everything)).kvs), "detached moved");
      await store[Symbol.asyncDispose]();
    });

    it("takes keys along that were put just before, and refuses those just after", async () => {
      const { store, leases } = await openWithClock(open);
      await leases.grant({ id: 7, ttlSeconds: 60 });
      const putA = put(store, "a", "v", { lease: 7 });
      const revoked = putA.then(() => leases.revoke(7));
      await putA;
      const late = run(store, { kind: "put", key: k("b"), value: k("v"), lease: 7 });
      const refused = rejects(late, { reason: "leaseNotFound" });
      // Where it came before the revocation after all, it was taken along.
      await Promise.all([revoked, order === "arrival" ? refused : refused.catch(() => late)]);
      equal((await store.range(everything)).count, 0);
      await store[Symbol.asyncDispose]();
    });
  });

  it("fails a whole transaction for one put with a lease that there is not", async () => {
    const { store } = await openWithClock(open);
    const value = k("v");
    const failing = run(
      store,
      { kind: "put", key: k("a"), value },
      { kind: "put", key: k("b"), value, lease: 9 },
    );
    await rejects(failing, { reason: "leaseNotFound" });
    equal(await store.headRevision(), 1);
    await store[Symbol.asyncDispose]();
  });
}

function describeExpiry(open: OpenLeaseStore): void {
  describe("a lease that is due", () => {
    it("ends with its keys, and not a millisecond before", async () => {
      const { store, leases, clock } = await openWithClock(open);
      await leases.grant({ id: 7, ttlSeconds: 10 });
      await put(store, "a", "v", { lease: 7 });
      const watch = new RecordingWatch(store, { key: k("a") });
      clock.advance(9999);
      equal((await leases.timeToLive(7))?.remainingSeconds, 0);
      equal((await store.range({ key: k("a") })).count, 1);
      clock.advance(1);
      await watch.until(({ events }) => events.length > 0);
      equal(watch.text, "-a@3");
      // Waits for the outcome.
      equal(await leases.keepAlive(7), undefined);
      equal(await leases.timeToLive(7), undefined);
      await store[Symbol.asyncDispose]();
    });

    it("goes on where it was kept alive", async () => {
      const { store, leases, clock } = await openWithClock(open);
      for (const id of [1, 2]) await leases.grant({ id, ttlSeconds: 10 });
      await put(store, "a", "v", { lease: 1 });
      await put(store, "b", "v", { lease: 2 });
      const watch = new RecordingWatch(store, { ...everything });
      clock.advance(8000);
      deepEqual(await leases.keepAlive(1), { id: 1, ttlSeconds: 10 });
      clock.advance(2000);
      await watch.until(({ events }) => events.length > 0);
      equal(watch.text, "-b@4");
      equal((await leases.timeToLive(1))?.remainingSeconds, 8);
      equal(await leases.keepAlive(2), undefined);
      await store[Symbol.asyncDispose]();
    });

    it("makes one revision for each of many, in bounded steps", async () => {
      const { store, leases, clock } = await openWithClock(open);
      const ids = Array.from({ length: 100 }, (_, i) => i + 1);
      for (const id of ids) {
        await leases.grant({ id, ttlSeconds: 5 });
        await put(store, `k${id}`, "v", { lease: id });
      }
      const watch = new RecordingWatch(store, { ...everything });
      clock.advance(5000);
      await watch.until(({ events }) => events.length === 64);
      await clock.isArmed();
      clock.advance(1000);
      await watch.until(({ events }) => events.length === 100);
      equal(new Set(watch.events.map(({ kv }) => kv.modRevision)).size, 100);
      await Promise.all(ids.map((id) => leases.keepAlive(id)));
      deepEqual(await leases.list(), []);
      await store[Symbol.asyncDispose]();
    });
  });
}

/** The same by the store's own clock. */
function describeExpiryInSeconds(open: OpenLeaseStore): void {
  describe("a lease that is due", () => {
    it("ends with its keys, and not before; one that is kept alive goes on", async () => {
      const { store, leases } = await openWithClock(open);
      const begunMs = performance.now();
      for (const id of [1, 2]) await leases.grant({ id, ttlSeconds: 3 });
      await put(store, "a", "v", { lease: 1 });
      await put(store, "b", "v", { lease: 2 });
      const watch = new RecordingWatch(store, { ...everything });
      const keeping = keepAlive(leases, 1, () => watch.events.length > 0);
      await watch.until(({ events }) => events.length > 0);
      equal(performance.now() - begunMs >= 3000, true);
      equal(watch.text, "-b@4");
      await keeping;
      equal(await leases.keepAlive(2), undefined);
      equal(await leases.timeToLive(2), undefined);
      equal((await leases.timeToLive(1))?.ttlSeconds, 3);
      await store[Symbol.asyncDispose]();
    });
  });
}

async function keepAlive(leases: LeaseStore, id: number, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    deepEqual(await leases.keepAlive(id), { id, ttlSeconds: 3 });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function describeClosed(open: OpenLeaseStore): void {
  it("are refused by a store that is closed", async () => {
    const { store, leases } = await openWithClock(open);
    await store[Symbol.asyncDispose]();
    await rejects(leases.grant({ id: 1, ttlSeconds: 5 }), { name: "UnavailableError" });
    await rejects(leases.revoke(1), { name: "UnavailableError" });
    await rejects(leases.keepAlive(1), { name: "UnavailableError" });
  });
}

/** A clock that stands still until it is moved. */
class FakeClock implements LeaseClock {
  #nowMs = 0;
  readonly #alarms = new Set<{ readonly atMs: number; readonly ring: () => void }>();
  #armed = Promise.withResolvers<void>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(ms: number, ring: () => void): () => void {
    const alarm = { atMs: this.#nowMs + ms, ring };
    this.#alarms.add(alarm);
    this.#armed.resolve();
    return () => this.#alarms.delete(alarm);
  }

  /** Resolves as soon as an alarm is set. */
  async isArmed(): Promise<void> {
    this.#armed = Promise.withResolvers();
    if (this.#alarms.size === 0) await this.#armed.promise;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const alarm of this.#alarms) {
      if (alarm.atMs > this.#nowMs) continue;
      this.#alarms.delete(alarm);
      alarm.ring();
    }
  }
}

async function openWithClock(open: OpenLeaseStore): Promise<{
  readonly store: MvccStore;
  readonly leases: LeaseStore;
  readonly clock: FakeClock;
}> {
  const clock = new FakeClock();
  const store = await open(clock);
  if (!store.leases) throw new Error("The store has no leases");
  return { store, leases: store.leases, clock };
}
