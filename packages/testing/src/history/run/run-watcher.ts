import type { MvccStore } from "@cellplane/kv";
import type { Random } from "../../model/random.ts";
import { generateWatch } from "../generate/generate-watch.ts";
import { everything } from "../generate/keys.ts";
import type { Recorder } from "../record/recorder.ts";
import type { WatchText } from "../record/text.ts";
import { pause } from "./run-client.ts";
import { RecordedWatch } from "./recorded-watch.ts";

/** What a watcher works with. */
export interface WatcherParts {
  readonly name: string;
  readonly store: () => MvccStore;
  readonly process: string;
  readonly random: Random;
  readonly recorder: Recorder;
  /** What is known of the store, to begin near its head or its compaction. */
  readonly known: () => { readonly head: number; readonly compacted: number };
  /** The head once all clients are done. */
  readonly lastHead: () => number;
}

const pauseAfterFailureMs = 50;
const mostLateAttempts = 200;

/**
 * Watches ranges, one after the other: for a while, sometimes held back; those that break are
 * opened anew after what they have been handed. When the signal aborts, the last one must still be
 * handed everything.
 */
export async function runWatcher(parts: WatcherParts, signal: AbortSignal): Promise<void> {
  const { random } = parts;
  for (let i = 0; !signal.aborted; i++) {
    const request = generateWatch(random, parts.known());
    const forMs = 200 + random.below(4000);
    await watchFor({ ...parts, name: `${parts.name}.${i}` }, { request, forMs }, signal);
  }
}

async function watchFor(
  parts: WatcherParts,
  { request, forMs }: { readonly request: WatchText; readonly forMs: number },
  signal: AbortSignal,
): Promise<void> {
  const untilMs = performance.now() + forMs;
  let next = request;
  for (let attempt = 0; ; attempt++) {
    const watch = open(parts, next, attempt);
    if (watch) {
      await lookOn(watch, { parts, untilMs, signal });
      if (signal.aborted) return watch.drain(parts.lastHead());
      if (watch.ended !== "broken") return watch.close();
      // A watch from now on that has been handed nothing does not know where to go on.
      if (watch.reached === 0) return;
      next = { ...request, startRevision: watch.reached + 1 };
    }
    if (signal.aborted) return;
    await pause(pauseAfterFailureMs);
  }
}

function open(
  { name, store, process, recorder }: WatcherParts,
  request: WatchText,
  attempt: number,
): RecordedWatch | undefined {
  try {
    return new RecordedWatch(store(), { id: `${name}.${attempt}`, process, request }, recorder);
  } catch {
    // The store is closed, or its server away.
    return undefined;
  }
}

async function lookOn(
  watch: RecordedWatch,
  {
    parts,
    untilMs,
    signal,
  }: { readonly parts: WatcherParts; readonly untilMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const { random } = parts;
  while (watch.ended === undefined && !signal.aborted && performance.now() < untilMs) {
    const at = random.below(20);
    if (at === 0) watch.pause();
    if (at < 4) watch.requestProgress();
    await watch.moved(50 + random.below(300));
    if (at === 0) watch.resume();
  }
}

/**
 * Collects all changes of all keys from a revision on, for the checker to replay; tells how far it
 * is. Ends when it has everything after the signal has aborted.
 */
export async function runCollector(
  parts: WatcherParts & { readonly from: number; readonly onReached: (revision: number) => void },
  signal: AbortSignal,
): Promise<void> {
  let from = parts.from;
  // After the end a store that does not come back is not waited for forever.
  for (let [attempt, late] = [0, 0]; late < mostLateAttempts; attempt++) {
    const request: WatchText = { ...everything, startRevision: from, previous: true };
    const watch = open(parts, request, attempt);
    if (watch) await collect(watch, parts, signal);
    from = Math.max(from, (watch?.reached ?? 0) + 1);
    if (signal.aborted && from > parts.lastHead()) return;
    if (signal.aborted) late++;
    if (watch?.ended === "compacted") throw new Error(`History is compacted beyond ${from}`);
    await pause(pauseAfterFailureMs);
  }
}

async function collect(
  watch: RecordedWatch,
  {
    lastHead,
    onReached,
  }: Pick<WatcherParts, "lastHead"> & { readonly onReached: (revision: number) => void },
  signal: AbortSignal,
): Promise<void> {
  while (watch.ended === undefined) {
    if (signal.aborted) await watch.drain(lastHead());
    else await watch.moved(200);
    onReached(watch.reached);
  }
}
