const contextLines = 3;
// Beyond so many changed lines, the best script is not worth its time: all is shown as replaced.
const maxDistance = 500;

interface Edit {
  readonly kind: " " | "-" | "+";
  readonly line: string;
}

/** Two texts as `diff -u` compares them; empty where they are equal. */
export function unifiedDiff(
  before: { readonly name: string; readonly text: string },
  after: { readonly name: string; readonly text: string },
): string {
  if (before.text === after.text) return "";
  const edits = compareLines(linesOf(before.text), linesOf(after.text));
  const body = hunksOf(edits).join("");
  return `--- ${before.name}\n+++ ${after.name}\n${body}`;
}

function linesOf(text: string): readonly string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

function compareLines(before: readonly string[], after: readonly string[]): readonly Edit[] {
  let head = 0;
  const shorter = Math.min(before.length, after.length);
  while (head < shorter && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const same = (line: string): Edit => ({ kind: " ", line });
  const middle = shortestScript(
    before.slice(head, before.length - tail),
    after.slice(head, after.length - tail),
  );
  const rest = tail === 0 ? [] : before.slice(-tail);
  return [...before.slice(0, head).map(same), ...middle, ...rest.map(same)];
}

// Myers' greedy algorithm: `best` is the furthest line of `before` reached on each diagonal.
function shortestScript(before: readonly string[], after: readonly string[]): readonly Edit[] {
  const limit = Math.min(before.length + after.length, maxDistance);
  const steps: Map<number, number>[] = [];
  let best = new Map([[1, 0]]);
  for (let distance = 0; distance <= limit; distance += 1) {
    const next = new Map(best);
    for (let diagonal = -distance; diagonal <= distance; diagonal += 2) {
      let x = startOf(best, diagonal, distance);
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal])
        x += 1;
      next.set(diagonal, x);
      if (x >= before.length && x - diagonal >= after.length) {
        return walkBack(before, after, [...steps, best]);
      }
    }
    steps.push(best);
    best = next;
  }
  return [
    ...before.map((line) => ({ kind: "-", line }) as const),
    ...after.map((line) => ({ kind: "+", line }) as const),
  ];
}

function startOf(best: ReadonlyMap<number, number>, diagonal: number, distance: number): number {
  const down = best.get(diagonal + 1) ?? -1;
  const right = (best.get(diagonal - 1) ?? -1) + 1;
  if (diagonal === -distance) return down;
  if (diagonal === distance) return right;
  return Math.max(down, right);
}

function walkBack(
  before: readonly string[],
  after: readonly string[],
  steps: readonly ReadonlyMap<number, number>[],
): readonly Edit[] {
  const edits: Edit[] = [];
  let x = before.length;
  let y = after.length;
  for (let distance = steps.length - 1; distance >= 0; distance -= 1) {
    const best = steps[distance] ?? new Map<number, number>();
    const diagonal = x - y;
    const down = best.get(diagonal + 1) ?? -1;
    const right = (best.get(diagonal - 1) ?? -1) + 1;
    const isDown = diagonal === -distance || (diagonal !== distance && down >= right);
    const start = distance === 0 ? 0 : isDown ? down : right;
    while (x > start && y > start - diagonal) {
      x -= 1;
      y -= 1;
      edits.push({ kind: " ", line: before[x] ?? "" });
    }
    if (distance === 0) break;
    if (isDown) {
      y -= 1;
      edits.push({ kind: "+", line: after[y] ?? "" });
    } else {
      x -= 1;
      edits.push({ kind: "-", line: before[x] ?? "" });
    }
  }
  return edits.reverse();
}

function hunksOf(edits: readonly Edit[]): readonly string[] {
  const hunks: string[] = [];
  let from = edits.findIndex(({ kind }) => kind !== " ");
  while (from !== -1) {
    let to = from;
    for (let at = from; at < edits.length && at - to <= 2 * contextLines; at += 1) {
      if (edits[at]?.kind !== " ") to = at;
    }
    hunks.push(hunkOf(edits, Math.max(0, from - contextLines), to + 1 + contextLines));
    const next = edits.slice(to + 1).findIndex(({ kind }) => kind !== " ");
    from = next === -1 ? -1 : to + 1 + next;
  }
  return hunks;
}

function hunkOf(edits: readonly Edit[], from: number, to: number): string {
  const before = edits.slice(0, from);
  const part = edits.slice(from, to);
  const old = rangeOf(count(before, "+"), count(part, "+"));
  const fresh = rangeOf(count(before, "-"), count(part, "-"));
  const lines = part.map(({ kind, line }) => `${kind}${line}\n`).join("");
  return `@@ -${old} +${fresh} @@\n${lines}`;
}

/** How many edits are lines of one side: all but those of the other. */
function count(edits: readonly Edit[], otherSide: "-" | "+"): number {
  return edits.filter(({ kind }) => kind !== otherSide).length;
}

function rangeOf(before: number, length: number): string {
  const start = length === 0 ? before : before + 1;
  return length === 1 ? `${start}` : `${start},${length}`;
}
