import { isStatus, type KubernetesObject, StatusError } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "../rest/rest-client.ts";
import { retryDelayMs } from "../workqueue/retry-delay.ts";
import { abortableDelay } from "./abortable-delay.ts";
import { holdPacked, holdWhole, type PackedObject, type PackingOptions } from "./holding.ts";
import type { Informer } from "./informer.ts";
import { type IndexFunction, ObjectStore } from "./object-store.ts";
import { WatchConfirmation } from "./watch-confirmation.ts";

// A server ends a watch after so long; half of client-go's upper bound keeps dead connections short-lived.
const watchSeconds = 300;
const watchGraceSeconds = 30;
const pageSize = 500;
// A server that ends each watch at once, without an error, must not be asked in a loop.
const shortWatchMs = 1000;
// Nor one that opens each and breaks it: the next waits for half a second at least.
const failuresOnceOpen = 2;

/** What an informer keeps. */
export interface InformerOptions<T extends KubernetesObject> {
  readonly client: RestClient;
  readonly path: ResourcePath;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Keep only `metadata` of each object. */
  readonly metadataOnly?: boolean;
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
  /** Drops what decisions do not need, before an object is kept. Identity by default. */
  readonly trim?: (object: KubernetesObject) => T;
  /** Hold objects as text, which takes less memory and more time. */
  readonly packing?: PackingOptions;
  /** Told of each failed list or watch; the informer goes on by itself. */
  readonly onError?: (error: unknown) => void;
  readonly random?: () => number;
}

/**
 * An informer: lists page by page, then watches with bookmarks from there; after a lost connection
 * it resumes at the last revision seen, and lists again only where that is gone (410).
 */
export function createInformer<T extends KubernetesObject>(
  options: InformerOptions<T>,
): Informer<T> {
  const { indexes = {}, packing } = options;
  const store = packing
    ? new ObjectStore<T, PackedObject>(indexes, holdPacked(packing))
    : new ObjectStore<T>(indexes, holdWhole());
  const trim = options.trim ?? ((object: KubernetesObject): T => object as T);
  const synced = Promise.withResolvers<void>();
  let hasSynced = false;
  let lastError: Error | undefined;
  let resourceVersion: string | undefined;
  let failures = 0;

  let waking = new AbortController();
  let relisting = new AbortController();
  const confirmation = new WatchConfirmation();

  const recover = (): void => {
    if (lastError === undefined) return;
    lastError = undefined;
    store.notifyState();
  };
  const succeed = (): void => {
    failures = 0;
    recover();
  };
  // A member that came back may have nothing to tell for a long time. When its watch breaks then,
  // that is a new trouble: it must not wait for as long as the old one had come to.
  const reopen = (): void => {
    failures = Math.min(failures, failuresOnceOpen);
    recover();
  };

  const { client, path, labelSelector, fieldSelector, metadataOnly } = options;
  const selectors = {
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(metadataOnly === undefined ? {} : { metadataOnly }),
  };

  const listAll = async (signal: AbortSignal): Promise<void> => {
    const objects: T[] = [];
    let page = await client.list(path, { ...selectors, limit: pageSize }, signal);
    objects.push(...itemsOf(page).map(trim));
    const revision = page.metadata.resourceVersion;
    while (page.metadata.continue) {
      const next = { ...selectors, limit: pageSize, continue: page.metadata.continue };
      page = await client.list(path, next, signal);
      objects.push(...itemsOf(page).map(trim));
    }
    store.replace(objects, revision);
    resourceVersion = revision;
    confirmation.listed(revision);
    succeed();
    if (!hasSynced) {
      hasSynced = true;
      synced.resolve();
      store.notifyState();
    }
  };

  const watchOn = async (signal: AbortSignal): Promise<void> => {
    const events = client.watch(
      path,
      {
        ...selectors,
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
        allowWatchBookmarks: true,
        timeoutSeconds: watchSeconds,
        onOpen: reopen,
      },
      signal,
    );
    for await (const { type, object } of events) {
      succeed();
      resourceVersion = object.metadata.resourceVersion ?? resourceVersion;
      confirmation.told(object.metadata.resourceVersion);
      if (type === "DELETED") store.remove(trim(object));
      else if (type !== "BOOKMARK") store.put(trim(object));
    }
  };

  const runOnce = async (signal: AbortSignal): Promise<void> => {
    let deadline: AbortSignal | undefined;
    try {
      if (resourceVersion === undefined) await listAll(signal);
      const startedMs = performance.now();
      // A server that does not end its watch in time tells nothing any more, maybe for long.
      deadline = AbortSignal.timeout((watchSeconds + watchGraceSeconds) * 1000);
      await watchOn(AbortSignal.any([signal, relisting.signal, deadline]));
      if (performance.now() - startedMs < shortWatchMs) {
        await abortableDelay(retryDelayMs(0, (options.random ?? Math.random)()), signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (relisting.signal.aborted || deadline?.aborted === true) {
        relisting = new AbortController();
        resourceVersion = undefined;
        return;
      }
      // History is gone, so the next round lists.
      if (isStatus(error, "Expired") || isStatus(error, "Gone")) resourceVersion = undefined;
      else if (error instanceof StatusError && error.code === 404) resourceVersion = undefined;
      const isFirst = lastError === undefined;
      lastError = error instanceof Error ? error : new Error(String(error));
      if (isFirst) store.notifyState();
      options.onError?.(error);
      const draw = (options.random ?? Math.random)();
      waking = new AbortController();
      const either = AbortSignal.any([signal, waking.signal]);
      await abortableDelay(retryDelayMs(failures++, draw), either);
    }
  };

  return {
    get hasSynced() {
      return hasSynced;
    },
    get lastError() {
      return lastError;
    },
    get: (key) => store.get(key),
    list: () => store.list(),
    byIndex: (index, value) => store.byIndex(index, value),
    addHandler: (handler, signal) => store.addHandler(handler, signal),
    record: (object) => {
      confirmation.written(object.metadata.resourceVersion, performance.now());
      store.put(trim(object));
    },
    recordRemoval: (object) => store.remove(trim(object)),
    get isWatchDoubted() {
      return confirmation.isDoubted(performance.now());
    },
    relist: () => relisting.abort(),
    wake: () => waking.abort(),
    async waitForSync(signal) {
      if (hasSynced) return true;
      const aborted = Promise.withResolvers<void>();
      const abort = (): void => aborted.resolve();
      if (signal.aborted) return false;
      signal.addEventListener("abort", abort, { once: true });
      await Promise.race([synced.promise, aborted.promise]);
      signal.removeEventListener("abort", abort);
      return hasSynced;
    },
    async run(signal) {
      while (!signal.aborted) await runOnce(signal);
      if (!packing) return;
      // Others may hold the same texts. What is not known any more must not look absent.
      hasSynced = false;
      store.clear();
    },
  };
}

/** Items carry no kind of their own in lists of built-in kinds; the list's says it. */
function itemsOf(list: {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly items?: readonly KubernetesObject[] | null;
}): readonly KubernetesObject[] {
  const items = list.items ?? [];
  const kind = list.kind?.replace(/List$/, "");
  const { apiVersion } = list;
  if (kind === undefined || apiVersion === undefined) return items;
  return items.map((item) => (item.kind === undefined ? { apiVersion, kind, ...item } : item));
}
