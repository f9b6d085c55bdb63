import { CompactedError } from "../store/kv-error.ts";
import { keyTextOf, type KeyText } from "../store/key-text.ts";
import type { KeyValue, MvccStore, Revision, WatchEvent } from "../store/mvcc-store.ts";
import { Findings, type VerifyReport } from "../store/verify-report.ts";
import type { VerifyProgress } from "../store/verify-rows.ts";
import { replayEvents } from "./replay-events.ts";
import { readPages } from "./take-image.ts";

/** What is compared of a key. */
interface KeyState {
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  readonly version: number;
  readonly lease: number;
  readonly value: Buffer;
}

const gaplessProved = "revisions are gapless from compacted to the head";

const proved = [
  "keys come in order, each once, and as many as are counted",
  gaplessProved,
  "the keys at compacted and the history since give the keys at the head",
  "each event has the previous value that history has",
  "creation revisions and versions go on from event to event",
  "each key with a lease has one that exists",
];

/** How often it is tried anew where compaction overtakes. */
const attempts = 3;

/**
 * Verifies a store by what it tells: all keys at compacted, all events since, and all keys at the
 * head. It holds two times the keys in memory.
 *
 * @throws {UnavailableError}
 */
export async function verifyStore(
  store: MvccStore,
  options: {
    readonly epoch?: number;
    readonly onProgress?: (progress: VerifyProgress) => void;
    readonly signal?: AbortSignal;
  } = {},
): Promise<VerifyReport> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await new StoreCheck(store, options).run();
    } catch (error) {
      const isOvertaken =
        error instanceof CompactedError || (error as Error).cause instanceof CompactedError;
      if (!isOvertaken || attempt === attempts) throw error;
    }
  }
}

type CheckOptions = Parameters<typeof verifyStore>[1] & object;

class StoreCheck {
  readonly #store: MvccStore;
  readonly #options: CheckOptions;
  readonly #findings = new Findings();
  #rows = 0;
  #isGapless = true;

  constructor(store: MvccStore, options: CheckOptions) {
    this.#store = store;
    this.#options = options;
  }

  async run(): Promise<VerifyReport> {
    const { driver, compacted } = await this.#store.status(this.#options.signal);
    // Others may use the rest of an etcd: their revisions are none of this store's.
    this.#isGapless = driver !== "etcd";
    const head = await this.#store.headRevision();
    const base = Math.max(compacted, 1);
    const state = compacted > 0 ? await this.#read(compacted) : new Map<KeyText, KeyState>();
    const changes = head > base ? await this.#replay(state, { after: base, head }) : 0;
    const now = await this.#read(head);
    this.#compare(state, now);
    const leases = await this.#checkLeases(now, head);
    return {
      driver,
      revision: head,
      compacted,
      epoch: this.#options.epoch ?? 0,
      changes,
      keys: now.size,
      leases,
      wrong: this.#findings.count,
      findings: this.#findings.kept,
      proved: this.#isGapless ? proved : proved.filter((each) => each !== gaplessProved),
    };
  }

  async #read(revision: Revision): Promise<Map<KeyText, KeyState>> {
    const keys = new Map<KeyText, KeyState>();
    const { signal } = this.#options;
    const all = { key: Buffer.from([0]), end: Buffer.from([0]), revision, countOnly: true };
    const { count } = await this.#store.range(all, signal);
    let last = "";
    for await (const kvs of readPages(this.#store, revision, signal)) {
      for (const kv of kvs) {
        const key = keyTextOf(kv.key);
        if (key <= last) this.#findings.add("it comes out of order", { revision, key });
        last = key;
        this.#checkNumbers(kv, key, revision);
        keys.set(key, stateOf(kv));
      }
      this.#options.onProgress?.({ pass: "keys", rows: (this.#rows += kvs.length) });
    }
    if (count !== keys.size) {
      this.#findings.add(`${count} keys are counted, and ${keys.size} are read`, { revision });
    }
    return keys;
  }

  #checkNumbers(kv: KeyValue, key: KeyText, at: Revision): void {
    const { createRevision, modRevision, version } = kv;
    if (version >= 1 && createRevision <= modRevision && modRevision <= at) return;
    this.#findings.add(
      `its version is ${version}, its creation revision ${createRevision}, and it was read at ${at}`,
      { revision: modRevision, key },
    );
  }

  async #replay(
    state: Map<KeyText, KeyState>,
    { after, head }: { readonly after: Revision; readonly head: Revision },
  ): Promise<number> {
    let changes = 0;
    let last = after;
    const { signal } = this.#options;
    for await (const events of replayEvents(this.#store, { after, through: head }, signal)) {
      for (const event of events) {
        const { modRevision } = event.kv;
        if (modRevision > head) break;
        if (modRevision < last || (this.#isGapless && modRevision > last + 1)) {
          this.#findings.add(`history goes on from ${last}`, { revision: modRevision });
        }
        last = modRevision;
        changes++;
        this.#apply(state, event);
      }
      this.#options.onProgress?.({ pass: "log", rows: changes });
    }
    if (this.#isGapless && last !== head) {
      this.#findings.add(`history ends at ${last}`, { revision: head });
    }
    return changes;
  }

  #apply(state: Map<KeyText, KeyState>, { kind, kv, previous }: WatchEvent): void {
    const key = keyTextOf(kv.key);
    const where = { revision: kv.modRevision, key };
    const before = state.get(key);
    if (
      Boolean(before) !== Boolean(previous) ||
      (before && previous && !isSame(before, previous))
    ) {
      this.#findings.add("its event has another previous value than history", where);
    }
    if (kind === "delete") {
      if (!before) this.#findings.add("it deletes a key that was absent", where);
      state.delete(key);
      return;
    }
    const version = (before?.version ?? 0) + 1;
    if (kv.version !== version) {
      this.#findings.add(`its version is ${kv.version} after ${version - 1}`, where);
    }
    const create = before?.createRevision ?? kv.modRevision;
    if (kv.createRevision !== create) {
      this.#findings.add(`its creation revision is ${kv.createRevision}, and was ${create}`, where);
    }
    state.set(key, stateOf(kv));
  }

  #compare(replayed: ReadonlyMap<KeyText, KeyState>, now: ReadonlyMap<KeyText, KeyState>): void {
    for (const [key, state] of now) {
      const other = replayed.get(key);
      const where = { revision: state.modRevision, key };
      if (!other) this.#findings.add("it is live, and history does not have it", where);
      else if (!isSame(state, other)) {
        this.#findings.add(`it differs from history, where it is of ${other.modRevision}`, where);
      }
    }
    for (const [key, { modRevision }] of replayed) {
      if (now.has(key)) continue;
      this.#findings.add("history has it live, and it is not", { revision: modRevision, key });
    }
  }

  async #checkLeases(now: ReadonlyMap<KeyText, KeyState>, head: Revision): Promise<number> {
    const { leases } = this.#store;
    if (!leases) return 0;
    const ids = new Set((await leases.list()).map(({ id }) => id));
    const stray = [...now].filter(([, { lease }]) => lease !== 0 && !ids.has(lease));
    for (const [key, { lease, modRevision }] of stray) {
      // It may have ended since the keys were read.
      const { kvs } = await this.#store.range({ key: Buffer.from(key, "latin1") });
      if (kvs[0]?.modRevision !== modRevision || kvs[0].modRevision > head) continue;
      if (await leases.timeToLive(lease)) continue;
      this.#findings.add(`it has the lease ${lease}, which does not exist`, {
        revision: modRevision,
        key,
      });
    }
    return ids.size;
  }
}

function stateOf({ createRevision, modRevision, version, lease, value }: KeyValue): KeyState {
  return { createRevision, modRevision, version, lease, value };
}

function isSame(a: KeyState, b: KeyState): boolean {
  return (
    a.modRevision === b.modRevision &&
    a.createRevision === b.createRevision &&
    a.version === b.version &&
    a.lease === b.lease &&
    a.value.equals(b.value)
  );
}
