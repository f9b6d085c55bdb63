import type { WatchBatch, WatchEvent, WatchListener, WatchRequest } from "@cellplane/kv";
import type { Chance } from "./plant-bug.ts";
import type { PlantedBug } from "./planted-bug.ts";

/** A listener that is told other things than what happened, once. */
export function plantInListener(
  listener: WatchListener,
  {
    bug,
    request,
    once,
  }: { readonly bug: PlantedBug; readonly request: WatchRequest; readonly once: Chance },
): WatchListener {
  // The one who collects everything is told the truth, so that the fault is in one watch only.
  if (request.key.equals(Buffer.of(0)) && request.previous) return listener;
  let held: WatchBatch | undefined;
  const onBatch = (batch: WatchBatch): void => {
    if (bug === "early progress" && once()) listener.onProgress?.(batch.revision);
    if (held) {
      listener.onBatch(batch);
      listener.onBatch(held);
      held = undefined;
    } else if (bug === "swapped changes" && once()) held = batch;
    else for (const told of distort(batch, { bug, request, once })) listener.onBatch(told);
  };
  return {
    onBatch,
    onProgress: (revision) => {
      if (!held) listener.onProgress?.(revision);
    },
    onEnd: (error) => listener.onEnd(error),
  };
}

function distort(
  batch: WatchBatch,
  {
    bug,
    request,
    once,
  }: { readonly bug: PlantedBug; readonly request: WatchRequest; readonly once: Chance },
): readonly WatchBatch[] {
  const { revision, events } = batch;
  const [first, ...others] = events;
  if (!first) return [batch];
  const instead = (some: readonly WatchEvent[]): readonly WatchBatch[] =>
    some.length > 0 ? [{ revision, events: some }] : [];
  switch (bug) {
    case "dropped event":
      return once() ? instead(others) : [batch];
    case "repeated event":
      return once() ? [batch, batch] : [batch];
    case "wrong previous value":
      if (!first.previous || !once()) return [batch];
      return instead([{ ...first, previous: { ...first.previous, version: 99_999 } }, ...others]);
    case "split revision": {
      const last = events.at(-1);
      const before = events.at(-2);
      if (!last || last.kv.modRevision !== before?.kv.modRevision || !once()) return [batch];
      return [{ revision, events: events.slice(0, -1) }, ...instead([last])];
    }
    case "unwanted event": {
      const key = Buffer.from(request.key.subarray(0, 1).equals(Buffer.from("a")) ? "b/1" : "a/1");
      return once() ? instead([{ ...first, kv: { ...first.kv, key } }, ...others]) : [batch];
    }
    default:
      return [batch];
  }
}
