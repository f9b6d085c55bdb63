import type { Random } from "../../model/random.ts";
import type { KeyRangeText } from "../record/text.ts";

const groups = ["a", "b", "c", "d", "e"] as const;
const keysPerGroup = 8;

/** One of forty keys. */
export function pickKey(random: Random): string {
  return `${random.pick(groups)}/${random.below(keysPerGroup)}`;
}

/** A group of keys, a part of one, several groups, or all. */
export function pickRange(random: Random): KeyRangeText {
  const group = random.pick(groups);
  const at = random.below(10);
  if (at < 5) return { key: `${group}/`, end: `${group}0` };
  if (at < 7) {
    const from = random.below(keysPerGroup - 1);
    return { key: `${group}/${from}`, end: `${group}/${from + 1 + random.below(3)}` };
  }
  if (at < 9) return { key: `${group}/`, end: "\0" };
  return { key: "\0", end: "\0" };
}

/** All keys. */
export const everything: KeyRangeText = { key: "\0", end: "\0" };
