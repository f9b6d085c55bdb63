import type { KubernetesObject } from "@cellplane/apimachinery";
import { CompactedError, type MvccStore, type WatchEvent } from "@cellplane/kv";
import { unlessAborted } from "../request/unless-aborted.ts";
import type { ObjectStorage } from "../storage/object-storage.ts";
import { objectPath, parseObjectPath, prefixEnd } from "../storage/object-key.ts";
import type { StoreMonitor } from "../storage/store-monitor.ts";
import type { ValueTransformer } from "../storage/value-transformer.ts";
import { backfill } from "./backfill.ts";
import { type CacheEvent, cacheEvent } from "./cache-event.ts";
import type { CachedObject, FieldIndex } from "./cached-object.ts";
import { EventRing, type EventRingLimits } from "./event-ring.ts";
import { type NormalizeStored, ObjectDecoder } from "./object-decoder.ts";
import { ObjectIndex } from "./object-index.ts";
import { OpenedValues } from "./opened-values.ts";
import { ParsedObjects } from "./parsed-objects.ts";
import type { StoreFeed } from "./store-feed.ts";
import { type CacheListener, type CacheScope, Subscribers } from "./subscribers.ts";
import { isReadableLater, UnreadableObjects } from "./unreadable-objects.ts";

/** What a cache stands on, and which resource it holds. */
export interface WatchCacheOptions {
  /** `/registry/<group>/<resource>/`. */
  readonly prefix: string;
  readonly fields: FieldIndex | undefined;
  readonly normalize?: NormalizeStored | undefined;
  readonly store: MvccStore;
  readonly storage: ObjectStorage;
  readonly values: ValueTransformer;
  readonly feed: StoreFeed;
  /** Knows whether the store is away; absent: it never is. */
  readonly monitor?: Pick<StoreMonitor, "staleMs" | "check" | "checkHistory"> | undefined;
  readonly ring?: EventRingLimits;
  /** Parsed objects kept at most. */
  readonly parsed?: number;
}

/** From where on to watch. */
export interface CacheWatchRequest extends CacheScope {
  /** Only changes above this revision; absent: from now on. */
  readonly after?: number;
}

const defaultRing: EventRingLimits = { events: 8192, bytes: 16 << 20 };
const defaultParsed = 512;
const pageSize = 5000;

/** What stands for bytes that cannot be decrypted. */
interface Unreadable {
  readonly error: unknown;
}

interface QueuedEvents {
  readonly events: readonly WatchEvent[];
}

/**
 * All objects of one resource in memory, as bytes, and their recent changes. Loaded on first use;
 * at the store's head whenever its feed is.
 */
export class WatchCache implements Disposable {
  readonly #options: WatchCacheOptions;
  readonly #decoder: ObjectDecoder;
  readonly #opened: OpenedValues;
  readonly #parsed: ParsedObjects;
  readonly #subscribers = new Subscribers();
  readonly #subscription: Disposable;
  readonly #unreadable = new UnreadableObjects();
  #index = new ObjectIndex();
  #ring: EventRing;
  #loadedRevision = 0;
  #loaded = false;
  #loading: Promise<void> | undefined;
  /** Counts resets. */
  #generation = 0;
  /** Events that came while loading, or behind one whose bytes are being decrypted. */
  #queue: QueuedEvents[] = [];
  #draining: Promise<void> | undefined;
  #retrying: Promise<void> | undefined;
  #closed = false;

  constructor(options: WatchCacheOptions) {
    this.#options = options;
    this.#decoder = new ObjectDecoder(options);
    this.#opened = new OpenedValues(options.values);
    this.#parsed = new ParsedObjects(options.parsed ?? defaultParsed);
    this.#ring = new EventRing(0, options.ring ?? defaultRing);
    this.#subscription = options.feed.subscribe(options.prefix, {
      onEvents: (events) => this.#receive(events),
      onReset: () => this.#reset(),
    });
  }

  /** The cache shows the state of this revision (and of none before). */
  get revision(): number {
    return Math.max(this.#loadedRevision, this.#options.feed.revision);
  }

  /** Revision of the last change of this resource that the cache has seen. */
  get changedRevision(): number {
    return this.#changedRevision;
  }

  #changedRevision = 0;

  /** Whether it is loaded and at least at `revision`. */
  isAt(revision: number): boolean {
    return this.#loaded && this.#draining === undefined && this.revision >= revision;
  }

  /** Resolves when loaded and at least at `revision`. */
  async reach(revision: number, signal?: AbortSignal): Promise<void> {
    while (!this.#loaded) await (this.#loading ??= this.#load());
    if (this.revision < revision) await this.#options.feed.waitFor(revision, signal);
    while (this.#draining) await this.#draining;
  }

  /**
   * Resolves when the cache has seen every write that was answered before this call; `undefined`:
   * it has.
   * @throws {UnavailableError} At once where the store is known to be away.
   */
  reachHead(signal?: AbortSignal): Promise<void> | undefined {
    this.#options.monitor?.check();
    if (this.#unreadable.size > 0) return this.#retryUnreadable(signal);
    const head = this.#options.store.headRevision();
    if (typeof head !== "number") {
      const known = signal ? unlessAborted(head, signal) : head;
      return known.then((revision) => this.reach(revision, signal));
    }
    return this.isAt(head) ? undefined : this.reach(head, signal);
  }

  /** @throws {UnavailableError} The store has lost what this cache shows. */
  checkHistory(): void {
    this.#options.monitor?.checkHistory();
  }

  /** How old the cache may be where the store is away, in milliseconds; `undefined`: it is not. */
  get staleMs(): number | undefined {
    return this.#options.monitor?.staleMs;
  }

  /** @throws {StatusError} If its bytes cannot be decrypted. */
  get(namespace: string, name: string): CachedObject | undefined {
    if (this.#unreadable.size > 0) this.#unreadable.checkObject(objectPath(namespace, name));
    return this.#index.get(namespace, name);
  }

  /**
   * Objects in key order from `start` on. Must be consumed in one go.
   *
   * @throws {StatusError} If bytes of one of them cannot be decrypted.
   */
  walk(namespace: string | undefined, start?: string): Iterable<CachedObject> {
    this.#unreadable.checkAll(namespace);
    return this.#index.walk(namespace, start);
  }

  count(namespace: string | undefined): number {
    return this.#index.count(namespace);
  }

  /** The parsed object; not to be changed, since others are given the same. */
  parse(cached: CachedObject): KubernetesObject {
    return this.#parsed.get(cached);
  }

  /** A record of bytes that were read from the store's history. */
  decode(bytes: {
    readonly path: string;
    readonly value: Buffer;
    readonly revision: number;
  }): CachedObject {
    return this.#decoder.decode(bytes);
  }

  /** Announces a write of this server, until disposed. */
  announce(
    path: string,
    write: { readonly value: Buffer; readonly object: KubernetesObject },
  ): Disposable {
    return this.#decoder.announce(path, write);
  }

  /**
   * Tells changes, synchronously and in order. The cache must be loaded. Replays recent ones at
   * once, older ones from the store; `onEnd` gets a `CompactedError` where those are gone.
   */
  watch(request: CacheWatchRequest, listener: CacheListener): Disposable {
    const { after } = request;
    if (!this.#loaded) return endSoon(listener);
    if (after === undefined || after >= this.#ring.base) {
      return this.#watchFrom(request, listener);
    }
    return backfill({
      ...this.#options,
      opened: this.#opened,
      after,
      decode: (bytes) => this.#decoder.decode(bytes),
      base: () => this.#ring.base,
      onEvent: (event) => {
        if (this.#subscribers.isIn(request, event)) listener.onEvent(event);
      },
      onCaughtUp: (revision) => this.#watchFrom({ ...request, after: revision }, listener),
      onEnd: (error) => listener.onEnd(error),
    });
  }

  /** Ends all watches. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#subscription[Symbol.dispose]();
    this.#subscribers.end();
  }

  #watchFrom(request: CacheWatchRequest, listener: CacheListener): Disposable {
    const { after } = request;
    if (after === undefined) return this.#subscribers.add(request, listener);
    for (const event of this.#ring.after(after)) {
      if (this.#subscribers.isIn(request, event)) listener.onEvent(event);
    }
    if (after <= this.revision) return this.#subscribers.add(request, listener);
    return this.#subscribers.add(request, {
      onEvent: (event) => {
        if (event.revision > after) listener.onEvent(event);
      },
      onEnd: (error) => listener.onEnd(error),
    });
  }

  async #load(): Promise<void> {
    const generation = this.#generation;
    try {
      const { index, revision } = await this.#readAll();
      // The feed was interrupted meanwhile, so events after this reading may be missing.
      if (generation !== this.#generation) return;
      this.#index = index;
      this.#loadedRevision = revision;
      this.#changedRevision = revision;
      this.#ring = new EventRing(revision, this.#options.ring ?? defaultRing);
      this.#loaded = true;
      this.#drain();
    } finally {
      if (generation === this.#generation) this.#loading = undefined;
    }
  }

  async #readAll(): Promise<{ readonly index: ObjectIndex; readonly revision: number }> {
    for (;;) {
      try {
        return await this.#readPages();
      } catch (error) {
        // A compaction overtook the pages: from the new head again.
        if (!(error instanceof CompactedError)) throw error;
      }
    }
  }

  async #readPages(): Promise<{ readonly index: ObjectIndex; readonly revision: number }> {
    const { prefix, storage } = this.#options;
    const index = new ObjectIndex();
    const end = prefixEnd(prefix);
    this.#unreadable.clear();
    const onUnreadable = (key: string, error: unknown): void => {
      if (isReadableLater(error)) throw error;
      this.#unreadable.put(key.slice(prefix.length), error);
    };
    let start = prefix;
    let revision = 0;
    for (;;) {
      const page = await storage.page({ start, end, limit: pageSize, revision, onUnreadable });
      if (revision === 0) revision = page.revision;
      for (const { key, value, revision } of page.values) {
        index.put(this.#decoder.decode({ path: key.slice(prefix.length), value, revision }));
      }
      if (page.lastKey !== undefined) start = `${page.lastKey}\0`;
      if (!page.more) return { index, revision };
    }
  }

  #receive(events: readonly WatchEvent[]): void {
    if (!this.#loaded && !this.#loading) return;
    this.#queue.push({ events });
    if (this.#loaded) this.#drain();
  }

  /** Applies what is queued; goes on by itself where bytes must be waited for. */
  #drain(): void {
    if (this.#draining) return;
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      const wait = this.#applyAll(next.events);
      if (!wait) continue;
      this.#draining = wait.then(
        () => this.#resume(),
        () => this.#reset(),
      );
      return;
    }
  }

  #resume(): void {
    this.#draining = undefined;
    this.#drain();
  }

  #applyAll(events: readonly WatchEvent[]): Promise<void> | undefined {
    for (const [at, event] of events.entries()) {
      const { kv } = event;
      if (kv.modRevision <= this.#loadedRevision) continue;
      const path = kv.key.toString().slice(this.#options.prefix.length);
      if (event.kind === "delete") {
        this.#unreadable.delete(path);
        this.#applyDelete(path, kv.modRevision);
        continue;
      }
      const value = this.#open(kv);
      if (value instanceof Promise) return this.#applyLater(value, events.slice(at));
      this.#applyValue(path, value, kv.modRevision);
    }
    return undefined;
  }

  async #applyLater(
    value: Promise<Buffer | Unreadable>,
    events: readonly WatchEvent[],
  ): Promise<void> {
    const [first, ...rest] = events;
    if (!first) return;
    const path = first.kv.key.toString().slice(this.#options.prefix.length);
    this.#applyValue(path, await value, first.kv.modRevision);
    await this.#applyAll(rest);
  }

  /** Decrypts. Rejects only with what may be read later. */
  #open(kv: WatchEvent["kv"]): Buffer | Unreadable | Promise<Buffer | Unreadable> {
    const refuse = (error: unknown): Unreadable => {
      if (isReadableLater(error)) throw error;
      return { error };
    };
    try {
      const value = this.#opened.open(kv);
      return value instanceof Promise ? value.catch(refuse) : value;
    } catch (error) {
      return isReadableLater(error) ? Promise.reject(error) : { error };
    }
  }

  #applyValue(path: string, value: Buffer | Unreadable, revision: number): void {
    if (Buffer.isBuffer(value)) {
      this.#unreadable.delete(path);
      this.#applyPut({ path, value, revision });
      return;
    }
    this.#unreadable.put(path, value.error);
    const { namespace, name } = parseObjectPath(path);
    const previous = this.#index.delete(namespace, name);
    if (previous) this.#parsed.drop(previous);
    this.#changedRevision = revision;
    // Whoever watches must learn that there is something that cannot be told.
    this.#ring = new EventRing(revision, this.#options.ring ?? defaultRing);
    this.#subscribers.end(value.error instanceof Error ? value.error : undefined);
  }

  /** Reads everything anew where a part can be read by now: another key, another configuration. */
  async #retryUnreadable(signal: AbortSignal | undefined): Promise<void> {
    await (this.#retrying ??= this.#retry().finally(() => {
      this.#retrying = undefined;
    }));
    const head = await this.#options.store.headRevision();
    await this.reach(head, signal);
  }

  async #retry(): Promise<void> {
    const { prefix, storage } = this.#options;
    for (const path of this.#unreadable.takeSome()) {
      if (await storage.isUnreadable(prefix + path)) continue;
      this.#reset();
      return;
    }
  }

  #applyPut(bytes: {
    readonly path: string;
    readonly value: Buffer;
    readonly revision: number;
  }): void {
    const object = this.#decoder.decode(bytes);
    const previous = this.#index.put(object);
    this.#tell(cacheEvent(bytes.revision, { object, previous }));
  }

  #applyDelete(path: string, revision: number): void {
    const slash = path.indexOf("/");
    const previous = this.#index.delete(path.slice(0, Math.max(slash, 0)), path.slice(slash + 1));
    if (previous) this.#tell(cacheEvent(revision, { object: undefined, previous }));
  }

  #tell(event: CacheEvent): void {
    if (event.previous) this.#parsed.drop(event.previous);
    this.#changedRevision = event.revision;
    this.#ring.push(event);
    this.#subscribers.tell(event);
  }

  #reset(): void {
    this.#generation += 1;
    this.#loaded = false;
    this.#loading = undefined;
    this.#draining = undefined;
    this.#queue = [];
    this.#subscribers.end(new Error("The watch cache was read anew"));
    if (this.#closed) this.#index = new ObjectIndex();
  }
}

// Between the check that the cache is loaded and the watch it was reset: the client resumes.
function endSoon(listener: CacheListener): Disposable {
  let disposed = false;
  queueMicrotask(() => {
    if (!disposed) listener.onEnd();
  });
  return {
    [Symbol.dispose]: () => {
      disposed = true;
    },
  };
}
