import type { HistoryRecord, Outcome, Request, Setting } from "./records.ts";
import type { EventText, RangeResultText, WatchText } from "./text.ts";

/** One operation of a client. */
export interface Op {
  /** `client#number`. */
  readonly id: string;
  readonly client: string;
  readonly process: string;
  readonly label: string;
  readonly request: Request;
  readonly calledUs: number;
  /** Infinite where no answer came. */
  returnedUs: number;
  outcome: Outcome;
}

/** What a watch was handed. */
export type Delivery =
  | {
      readonly kind: "events";
      readonly atUs: number;
      readonly revision: number;
      readonly events: readonly EventText[];
    }
  | { readonly kind: "progress"; readonly atUs: number; readonly revision: number };

/** One watch, from its request to its end. */
export interface Stream {
  readonly id: string;
  readonly process: string;
  readonly request: WatchText;
  readonly requestedUs: number;
  /** When it stood; infinite where it never did. */
  openedUs: number;
  readonly deliveries: Delivery[];
  end?: { readonly atUs: number; readonly why: "closed" | "compacted" | "broken" | "stuck" };
}

/** Everything that was recorded of one run. */
export interface History {
  readonly setting: Setting;
  /** In the order of their calls. */
  readonly ops: readonly Op[];
  readonly streams: readonly Stream[];
  readonly faults: readonly { readonly atUs: number; readonly what: string }[];
  readonly final: { readonly result: RangeResultText; readonly compacted: number } | undefined;
}

const noAnswer: Outcome = { is: "unknown", why: "no answer" };

/** Puts the records of all processes together, whatever order they are in. */
export class HistoryBuilder {
  #setting: Setting = { store: "", seed: 0, isShared: false, mayLackPrevious: false };
  readonly #ops = new Map<string, Op>();
  readonly #early = new Map<string, Extract<HistoryRecord, { t: "return" }>>();
  readonly #streams = new Map<string, Stream>();
  readonly #faults: { readonly atUs: number; readonly what: string }[] = [];
  #final: History["final"];

  add(record: HistoryRecord): void {
    switch (record.t) {
      case "setting":
        this.#setting = record;
        break;
      case "call":
        this.#call(record);
        break;
      case "return":
        this.#return(record);
        break;
      case "watch":
        this.#streams.set(record.w, {
          id: record.w,
          process: record.p,
          request: record.q,
          requestedUs: record.at,
          openedUs: Number.POSITIVE_INFINITY,
          deliveries: [],
        });
        break;
      case "final":
        this.#final = record;
        break;
      case "fault":
        this.#faults.push({ atUs: record.at, what: record.what });
        break;
      default:
        this.#deliver(record);
    }
  }

  finish(): History {
    return {
      setting: this.#setting,
      ops: Array.from(this.#ops.values()).sort((a, b) => a.calledUs - b.calledUs),
      streams: Array.from(this.#streams.values()),
      faults: this.#faults,
      final: this.#final,
    };
  }

  #call({ c, n, p, at, label, q }: Extract<HistoryRecord, { t: "call" }>): void {
    const id = `${c}#${n}`;
    this.#ops.set(id, {
      id,
      client: c,
      process: p,
      label,
      request: q,
      calledUs: at,
      returnedUs: Number.POSITIVE_INFINITY,
      outcome: noAnswer,
    });
    const early = this.#early.get(id);
    if (early) this.#return(early);
  }

  #return(record: Extract<HistoryRecord, { t: "return" }>): void {
    const id = `${record.c}#${record.n}`;
    const op = this.#ops.get(id);
    if (!op) {
      this.#early.set(id, record);
      return;
    }
    op.outcome = record.o;
    // Whoever does not know what came of it cannot say that it was over.
    if (record.o.is !== "unknown") op.returnedUs = record.at;
  }

  #deliver(record: Extract<HistoryRecord, { w: string }>): void {
    const stream = this.#streams.get(record.w);
    if (!stream) throw new Error(`Watch ${record.w} was not recorded`);
    const atUs = record.at;
    if (record.t === "opened") stream.openedUs = atUs;
    if (record.t === "events") {
      stream.deliveries.push({ kind: "events", atUs, revision: record.r, events: record.e });
    }
    if (record.t === "progress") {
      stream.deliveries.push({ kind: "progress", atUs, revision: record.r });
    }
    if (record.t === "end") stream.end ??= { atUs, why: record.why };
  }
}
