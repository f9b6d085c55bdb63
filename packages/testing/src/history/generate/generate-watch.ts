import type { Random } from "../../model/random.ts";
import type { WatchText } from "../record/text.ts";
import { pickKey, pickRange } from "./keys.ts";

/** A watch: of a key or a range, from now, from before, or from the edge of what is compacted. */
export function generateWatch(
  random: Random,
  { head, compacted }: { readonly head: number; readonly compacted: number },
): WatchText {
  const range = random.chance(0.3) ? { key: pickKey(random) } : pickRange(random);
  const startRevision = pickStart(random, head, compacted);
  const at = random.below(10);
  return {
    ...range,
    ...(startRevision > 0 ? { startRevision } : {}),
    ...(random.chance(0.7) ? { previous: true } : {}),
    ...(at === 0 ? { noPut: true } : {}),
    ...(at === 1 ? { noDelete: true } : {}),
  };
}

function pickStart(random: Random, head: number, compacted: number): number {
  const at = random.below(10);
  if (at < 3) return 0;
  if (at < 6 && compacted > 0) return Math.max(1, compacted - 1 + random.below(3));
  if (at === 6) return head + 1 + random.below(20);
  return Math.max(1, compacted, head - random.below(400));
}
