import { StatusError } from "@cellplane/apimachinery";
import { CompactedError } from "@cellplane/kv";
import type { ApiResponse, ResponseSink } from "../request/api-response.ts";
import { type ObjectFilter, selectEvent } from "../watch-cache/cache-event.ts";
import type { CachedObject } from "../watch-cache/cached-object.ts";
import { watchForm } from "./answer-form.ts";
import { awaitFreshness } from "./freshness.ts";
import { type ListOptions, parseListOptions, parseWatchRevision } from "./list-options.ts";
import type { ResourceRequest, VerbDependencies } from "./resource-request.ts";
import { parseSelection, type Selection } from "./selection.ts";
import { type EventBytes, WatchEncoder } from "./watch-encoder.ts";
import { WatchStream } from "./watch-stream.ts";

const bookmarkMs = 60_000;
const lastBookmarkMs = 2000;
const minTimeoutSeconds = 1800;

/** GET of a collection as a watch. */
export async function serveWatch(
  deps: VerbDependencies,
  target: ResourceRequest,
): Promise<ApiResponse> {
  const form = watchForm(target);
  const options = parseListOptions(target.request.query, "watch");
  const plan = planWatch(options);
  const selection = parseSelection(target, options);
  const wait = awaitFreshness(target, plan.freshness);
  if (wait) await wait;
  const encoder = new WatchEncoder(target, form, deps.nowMs);
  const watch = new ServedWatch(deps, target, { options, plan, selection, encoder });
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: { kind: "stream", open: (sink) => watch.open(sink) },
  };
}

interface WatchPlan {
  readonly freshness: "newest" | number;
  /** Whether the present objects come first, as ADDED. */
  readonly initial: boolean;
  /** Whether a bookmark marks the end of the initial objects. */
  readonly marksEnd: boolean;
  /** Changes above this are wanted; absent: from now on. */
  readonly after?: number;
}

/** What the parameters mean together (`reference/apiserver.md` §2.5). */
function planWatch(options: ListOptions): WatchPlan {
  const { resourceVersion, sendInitialEvents, allowWatchBookmarks } = options;
  const revision = parseWatchRevision(resourceVersion);
  const freshness = resourceVersion === "" ? "newest" : revision;
  if (sendInitialEvents === true) {
    return { freshness, initial: true, marksEnd: allowWatchBookmarks };
  }
  if (revision > 0) return { freshness: 0, initial: false, marksEnd: false, after: revision };
  if (sendInitialEvents === false) return { freshness, initial: false, marksEnd: false };
  return { freshness, initial: true, marksEnd: allowWatchBookmarks };
}

interface WatchParts {
  readonly options: ListOptions;
  readonly plan: WatchPlan;
  readonly selection: Selection;
  readonly encoder: WatchEncoder;
}

class ServedWatch {
  readonly #deps: VerbDependencies;
  readonly #target: ResourceRequest;
  readonly #parts: WatchParts;
  readonly #resources: Disposable[] = [];

  constructor(deps: VerbDependencies, target: ResourceRequest, parts: WatchParts) {
    this.#deps = deps;
    this.#target = target;
    this.#parts = parts;
  }

  open(sink: ResponseSink): void {
    const { clock } = this.#deps;
    const stream = new WatchStream(sink, clock);
    sink.onClose(() => this.#release());
    this.#start(stream);
    this.#keepTime(stream);
  }

  #release(): void {
    for (const resource of this.#resources.splice(0)) resource[Symbol.dispose]();
  }

  #start(stream: WatchStream): void {
    const { plan, selection, encoder } = this.#parts;
    const { cache } = this.#target.store;
    const matches = selection.filter ?? everything;
    const now = cache.revision;
    if (plan.initial) {
      stream.begin(
        this.#initialBytes(snapshot(cache.walk(selection.scope.namespace), selection), now),
      );
    }
    const { after } = plan;
    const request = { ...selection.scope, ...(after === undefined ? {} : { after }) };
    const subscription = cache.watch(request, {
      onEvent: (event) => {
        const selected = selectEvent(event, matches);
        if (selected) stream.push(encoder.encode(event, selected));
      },
      onEnd: (error) => this.#broken(stream, error),
    });
    if (stream.isClosed) subscription[Symbol.dispose]();
    else this.#resources.push(subscription);
  }

  *#initialBytes(objects: readonly CachedObject[], revision: number): Generator<EventBytes> {
    const { plan, encoder } = this.#parts;
    for (const object of objects) yield encoder.encodeInitial(object);
    if (plan.marksEnd) yield encoder.encodeBookmark(revision, true);
  }

  #broken(stream: WatchStream, error: Error | undefined): void {
    if (error instanceof CompactedError) {
      const after = this.#parts.plan.after ?? 0;
      const expired = new StatusError(
        "Expired",
        `too old resource version: ${after} (${error.compacted})`,
      );
      stream.push(this.#parts.encoder.encodeError(expired.toStatus()));
    }
    stream.end();
  }

  #keepTime(stream: WatchStream): void {
    const { clock } = this.#deps;
    const { timeoutSeconds = 0, allowWatchBookmarks } = this.#parts.options;
    const seconds = timeoutSeconds > 0 ? timeoutSeconds : minTimeoutSeconds * (1 + clock.random());
    this.#later(seconds * 1000, () => stream.end());
    if (!allowWatchBookmarks) return;
    const last = seconds * 1000 - lastBookmarkMs;
    if (last > 0) this.#later(last, () => this.#bookmark(stream));
    const repeat = (): void => {
      this.#bookmark(stream);
      this.#later(bookmarkMs, repeat);
    };
    this.#later(bookmarkMs, repeat);
  }

  #later(ms: number, run: () => void): void {
    this.#resources.push(this.#deps.clock.after(ms, run));
  }

  // Events up to the cache's revision are in the stream already: a bookmark never overtakes one.
  #bookmark(stream: WatchStream): void {
    if (stream.isClosed) return;
    const { cache } = this.#target.store;
    stream.push(this.#parts.encoder.encodeBookmark(cache.revision, false));
  }
}

const everything: ObjectFilter = () => true;

function snapshot(
  objects: Iterable<CachedObject>,
  { scope, filter }: Selection,
): readonly CachedObject[] {
  const wanted: CachedObject[] = [];
  for (const object of objects) {
    if (scope.name !== undefined && object.name !== scope.name) continue;
    if (filter === undefined || filter(object)) wanted.push(object);
  }
  return wanted;
}
