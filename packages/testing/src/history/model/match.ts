/**
 * Gives as many as possible of `wanted` one of `offered`, none of them twice (augmenting paths).
 * What is offered is tried in its order.
 */
export function match<W, O>(
  wanted: readonly W[],
  offered: readonly O[],
  fits: (wanted: W, offered: O) => boolean,
): ReadonlyMap<W, O> {
  const choices = new Map(wanted.map((w) => [w, offered.filter((o) => fits(w, o))]));
  const takenBy = new Map<O, W>();
  const seek = (w: W, tried: Set<O>): boolean => {
    for (const o of choices.get(w) ?? []) {
      if (tried.has(o)) continue;
      tried.add(o);
      const holder = takenBy.get(o);
      if (takenBy.has(o) && !seek(holder as W, tried)) continue;
      takenBy.set(o, w);
      return true;
    }
    return false;
  };
  for (const w of wanted) seek(w, new Set());
  return new Map(Array.from(takenBy, ([o, w]) => [w, o]));
}
