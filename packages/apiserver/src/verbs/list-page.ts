import { badRequest, StatusError } from "@cellplane/apimachinery";
import { CompactedError } from "@cellplane/kv";
import { formatContinueToken, parseContinueToken } from "../storage/continue-token.ts";
import { objectPath, prefixEnd } from "../storage/object-key.ts";
import type { CachedObject } from "../watch-cache/cached-object.ts";
import { awaitFreshness } from "./freshness.ts";
import { type ListOptions, parseListRevision } from "./list-options.ts";
import type { ResourceRequest } from "./resource-request.ts";
import type { Selection } from "./selection.ts";
import type { ListMetadata } from "./shape-object.ts";

/** One page of a list: a snapshot. */
export interface ListPage {
  readonly metadata: ListMetadata;
  readonly items: readonly CachedObject[];
}

/** What to read. */
export interface ListRead {
  readonly options: ListOptions;
  readonly selection: Selection;
}

/** Reads a page from the cache, or from the store's history where the cache has moved on. */
export async function readListPage(target: ResourceRequest, read: ListRead): Promise<ListPage> {
  const { cache } = target.store;
  const plan = planRead(read.options);
  const wait = awaitFreshness(target, plan.freshness);
  if (wait) await wait;
  const isCurrent = plan.revision === 0 || cache.changedRevision <= plan.revision;
  if (isCurrent) return readCache(target, read, plan);
  return await readHistory(target, read, plan);
}

interface ReadPlan {
  readonly freshness: "newest" | number;
  /** The snapshot's revision; 0: the cache's present one. */
  readonly revision: number;
  /** Path below the namespace, or below the resource, to start at. */
  readonly start: string;
  readonly limit: number;
}

/** What the parameters mean together (`reference/apiserver.md` §2.4). */
function planRead(options: ListOptions): ReadPlan {
  const { limit, resourceVersion } = options;
  if (options.continue !== "") {
    if (resourceVersion !== "" && resourceVersion !== "0") {
      throw badRequest("specifying resource version is not allowed when using continue");
    }
    const token = parseContinueToken(options.continue);
    if (token.revision < 0) return { freshness: "newest", revision: 0, start: token.start, limit };
    return { freshness: token.revision, revision: token.revision, start: token.start, limit };
  }
  const revision = parseListRevision(resourceVersion);
  if (resourceVersion === "") return { freshness: "newest", revision: 0, start: "", limit };
  // "Any version" comes from the cache whole: kube-apiserver ignores the limit there.
  if (revision === 0) return { freshness: 0, revision: 0, start: "", limit: 0 };
  const isExact =
    options.resourceVersionMatch === "Exact" || (options.resourceVersionMatch === "" && limit > 0);
  return { freshness: revision, revision: isExact ? revision : 0, start: "", limit };
}

function readCache(target: ResourceRequest, read: ListRead, plan: ReadPlan): ListPage {
  const { cache } = target.store;
  const { scope } = read.selection;
  const revision = plan.revision === 0 ? cache.revision : plan.revision;
  const candidates = candidatesOf(target, read, plan);
  const cut = cutPage(candidates, { read, plan });
  const total = cache.count(scope.namespace);
  return page(target, { ...cut, read, revision, total });
}

function candidatesOf(
  target: ResourceRequest,
  { selection }: ListRead,
  plan: ReadPlan,
): Iterable<CachedObject> {
  const { cache } = target.store;
  const { namespace, name } = selection.scope;
  if (name !== undefined && (namespace !== undefined || !target.definition.namespaced)) {
    const object = cache.get(namespace ?? "", name);
    return object ? [object] : [];
  }
  const start = namespace === undefined ? plan.start : startInNamespace(namespace, plan.start);
  return cache.walk(namespace, start);
}

function startInNamespace(namespace: string, start: string): string {
  return start === "" ? "" : objectPath(namespace, start);
}

interface Cut {
  readonly items: readonly CachedObject[];
  /** The first object that is not in the page. */
  readonly next: CachedObject | undefined;
  /** Objects from the page's start to its end, selected or not. */
  readonly passed: number;
}

function cutPage(
  candidates: Iterable<CachedObject>,
  { read, plan }: { readonly read: ListRead; readonly plan: ReadPlan },
): Cut {
  const { filter } = read.selection;
  const items: CachedObject[] = [];
  let passed = 0;
  for (const object of candidates) {
    const isWanted = filter === undefined || filter(object);
    if (isWanted && plan.limit > 0 && items.length === plan.limit) {
      return { items, next: object, passed };
    }
    passed += 1;
    if (isWanted) items.push(object);
  }
  return { items, next: undefined, passed };
}

function page(
  target: ResourceRequest,
  cut: Cut & {
    readonly read: ListRead;
    readonly revision: number;
    readonly total: number;
  },
): ListPage {
  const { items, next, read, revision } = cut;
  const resourceVersion = String(revision);
  const last = items.at(-1);
  if (!next || !last) return { metadata: { resourceVersion }, items };
  const { namespace } = read.selection.scope;
  const path = namespace === undefined ? objectPath(last.namespace, last.name) : last.name;
  const token = formatContinueToken({ revision, start: `${path}\0` });
  const remaining = remainingAfter(target, cut);
  return {
    metadata: {
      resourceVersion,
      continue: token,
      ...(remaining === undefined ? {} : { remainingItemCount: remaining }),
    },
    items,
  };
}

/** How many objects follow a page; unknown with a selector, as in Kubernetes. */
function remainingAfter(
  target: ResourceRequest,
  { read, next, total, passed }: Cut & { readonly read: ListRead; readonly total: number },
): number | undefined {
  if (read.selection.filter !== undefined || !next) return undefined;
  if (read.options.continue === "") return total - passed;
  let remaining = 0;
  const { cache } = target.store;
  const start = objectPath(next.namespace, next.name);
  for (const _ of cache.walk(read.selection.scope.namespace, start)) remaining += 1;
  return remaining;
}

async function readHistory(
  target: ResourceRequest,
  read: ListRead,
  plan: ReadPlan,
): Promise<ListPage> {
  const { store } = target;
  const { namespace } = read.selection.scope;
  const prefix = namespace === undefined ? store.prefix : `${store.prefix}${namespace}/`;
  try {
    const stored = await store.storage.page({
      start: prefix + plan.start,
      end: prefixEnd(prefix),
      // One more than the page, to know whether there are more; a selector may need them all.
      limit: read.selection.filter === undefined && plan.limit > 0 ? plan.limit + 1 : 0,
      revision: plan.revision,
    });
    const objects = stored.values.map(({ key, value, revision }) =>
      store.cache.decode({ path: key.slice(store.prefix.length), value, revision }),
    );
    const cut = cutPage(objects, { read, plan });
    const metadata = page(target, { ...cut, read, revision: plan.revision, total: 0 }).metadata;
    const { remainingItemCount: _, ...rest } = metadata;
    const known = cut.next !== undefined && read.selection.filter === undefined;
    const remainingItemCount = stored.count - cut.items.length;
    return { metadata: known ? { ...rest, remainingItemCount } : rest, items: cut.items };
  } catch (error) {
    if (error instanceof CompactedError) throw expired(read.options, plan);
    throw error;
  }
}

function expired(options: ListOptions, plan: ReadPlan): StatusError {
  if (options.continue === "") {
    return new StatusError("Expired", "The resourceVersion for the provided list is too old.");
  }
  const continueToken = formatContinueToken({ revision: -1, start: plan.start });
  return new ExpiredContinueError(continueToken);
}

/** 410 that carries a token with which the list goes on inconsistently. */
export class ExpiredContinueError extends StatusError {
  readonly continueToken: string;

  constructor(continueToken: string) {
    super(
      "Expired",
      "The provided continue parameter is too old to display a consistent list result. You can " +
        "start a new list without the continue parameter, or use the continue token in this " +
        "response to retrieve the remainder of the results. Continuing with the provided token " +
        "results in an inconsistent list - objects that were created, modified, or deleted " +
        "between the time the first chunk was returned and now may show up in the list.",
    );
    this.continueToken = continueToken;
  }

  override toStatus(): ReturnType<StatusError["toStatus"]> {
    return { ...super.toStatus(), metadata: { continue: this.continueToken } };
  }
}
