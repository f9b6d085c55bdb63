/** A number that stood, or was asked for, at a time. */
export interface Mark {
  readonly atUs: number;
  readonly value: number;
  /** Who says so. */
  readonly id: string;
}

const atTheEnds: Mark = { atUs: 0, value: 0, id: "" };

/** The greatest of what was marked before a time. */
export class GreatestBefore {
  readonly #marks: readonly Mark[];

  constructor(marks: readonly Mark[]) {
    let greatest = atTheEnds;
    this.#marks = byTime(marks).map((mark) => {
      if (mark.value > greatest.value) greatest = mark;
      return { ...greatest, atUs: mark.atUs };
    });
  }

  before(atUs: number): Mark {
    return this.#marks[firstAt(this.#marks, atUs, "from") - 1] ?? atTheEnds;
  }
}

/** The least of what is marked after a time. */
export class LeastAfter {
  readonly #marks: readonly Mark[];

  constructor(marks: readonly Mark[]) {
    let least: Mark = { atUs: 0, value: Number.POSITIVE_INFINITY, id: "" };
    this.#marks = byTime(marks)
      .reverse()
      .map((mark) => {
        if (mark.value < least.value) least = mark;
        return { ...least, atUs: mark.atUs };
      })
      .reverse();
  }

  /** Infinite where nothing comes after. */
  after(atUs: number): Mark {
    const found = this.#marks[firstAt(this.#marks, atUs, "after")];
    return found ?? { atUs: 0, value: Number.POSITIVE_INFINITY, id: "" };
  }
}

function byTime(marks: readonly Mark[]): Mark[] {
  return marks.filter(({ atUs }) => Number.isFinite(atUs)).sort((a, b) => a.atUs - b.atUs);
}

/** The first mark from a time on, or after it. */
function firstAt(marks: readonly Mark[], atUs: number, side: "from" | "after"): number {
  let [low, high] = [0, marks.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = marks[middle]?.atUs ?? 0;
    if (side === "from" ? at < atUs : at <= atUs) low = middle + 1;
    else high = middle;
  }
  return low;
}
