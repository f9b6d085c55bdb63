import { type Change, isInRange } from "../model/timelines.ts";
import type { Delivery, Stream } from "../record/history.ts";
import type { EventText, WatchText } from "../record/text.ts";
import type { Facts } from "./facts.ts";
import { sameKv } from "./same.ts";
import type { Rule, Violations } from "./violation.ts";

/** Figures of the watches that were checked. */
export interface WatchFigures {
  streams: number;
  events: number;
  progress: number;
}

/** Every watch equals the log over its range from its start on: etcd's guarantees by their names. */
export function checkWatches(facts: Facts, violations: Violations): WatchFigures {
  const figures: WatchFigures = { streams: 0, events: 0, progress: 0 };
  for (const stream of facts.history.streams) {
    const checking = new StreamCheck(stream, facts);
    const found = checking.run();
    figures.streams++;
    for (const delivery of stream.deliveries) {
      if (delivery.kind === "events") figures.events += delivery.events.length;
      else figures.progress++;
    }
    if (!found) continue;
    const { rule, message, revision, key } = found;
    violations.add({
      rule,
      message: `watch ${stream.id} of ${tellRange(stream.request)}: ${message}`,
      revision,
      keys: key === undefined ? [] : [key],
      of: [stream.id],
    });
  }
  return figures;
}

interface Finding {
  readonly rule: Rule;
  readonly message: string;
  readonly revision: number;
  readonly key?: string;
}

class StreamCheck {
  readonly #stream: Stream;
  readonly #facts: Facts;
  /** The revision that is looked at next, and how many of its changes were handed over. */
  #revision: number;
  #taken = 0;
  /** Everything up to here is said to have been handed over. */
  #reached = 0;

  constructor(stream: Stream, facts: Facts) {
    this.#stream = stream;
    this.#facts = facts;
    this.#revision = this.#startOf(stream);
    this.#reached = stream.request.startRevision ? stream.request.startRevision - 1 : 0;
  }

  /** The first fault, if there is one. */
  run(): Finding | undefined {
    const { deliveries } = this.#stream;
    const early = this.#checkStart();
    if (early) return early;
    for (const [i, delivery] of deliveries.entries()) {
      const found =
        this.#checkTime(delivery) ??
        (delivery.kind === "progress"
          ? this.#checkProgress(delivery.revision)
          : this.#checkBatch(delivery.events, i));
      if (found) return found;
    }
    return this.#checkEnd();
  }

  /** A watch "from now on" may begin anywhere between what was known and what had not been asked for. */
  #startOf({ request, deliveries, openedUs }: Stream): number {
    if (request.startRevision) return request.startRevision;
    const latest = this.#facts.stillToCome.after(openedUs).value;
    const first = deliveries.find(({ kind }) => kind === "events");
    const firstRevision = first?.kind === "events" ? first.events[0]?.kv.modRevision : undefined;
    return Math.min(latest, firstRevision ?? Number.POSITIVE_INFINITY);
  }

  #checkStart(): Finding | undefined {
    const { request, requestedUs, deliveries, process } = this.#stream;
    const { startRevision } = request;
    if (!startRevision) {
      const known = this.#facts.toldTo(process).before(requestedUs);
      if (this.#revision > known.value) return undefined;
      const message = `asked for what comes after now, when ${known.id} had told revision ${known.value}, and began at ${this.#revision}`;
      return { rule: "watch: start", message, revision: this.#revision };
    }
    const compacted = this.#facts.compactDoneBy(process).before(requestedUs);
    if (startRevision >= compacted.value || deliveries.length === 0) return undefined;
    const message = `asked for revision ${startRevision} after ${compacted.id} had compacted to ${compacted.value}, and was not refused`;
    return { rule: "compaction", message, revision: startRevision };
  }

  #checkTime({ atUs, kind, revision }: Delivery): Finding | undefined {
    const tooNew = this.#facts.stillToCome.after(atUs);
    if (revision < tooNew.value) return undefined;
    const message = `told ${kind} of revision ${revision} before ${tooNew.id} was called, which wrote ${tooNew.value}`;
    return { rule: "watch: ahead of time", message, revision };
  }

  #checkProgress(revision: number): Finding | undefined {
    if (revision < this.#reached) {
      const message = `told progress ${revision} after ${this.#reached}`;
      return { rule: "watch: Ordered", message, revision };
    }
    const owed = this.#next();
    if (owed && owed.revision <= revision) {
      const message = `told progress ${revision} before ${tellChange(owed)}`;
      return { rule: "watch: Bookmarkable", message, revision, key: owed.key };
    }
    this.#reached = revision;
  }

  #checkBatch(events: readonly EventText[], index: number): Finding | undefined {
    for (const [i, event] of events.entries()) {
      const found = this.#checkEvent(event, { index, i });
      if (found) return found;
    }
    const last = events.at(-1)?.kv.modRevision ?? 0;
    const owed = this.#next();
    this.#reached = Math.max(this.#reached, last);
    if (owed?.revision !== last) return undefined;
    const message = `revision ${last} came in parts: ${tellChange(owed)} was left out of its batch`;
    return { rule: "watch: Atomic", message, revision: last, key: owed.key };
  }

  #checkEvent(
    event: EventText,
    at: { readonly index: number; readonly i: number },
  ): Finding | undefined {
    const { key, modRevision: revision } = event.kv;
    const expected = this.#next();
    const found = (rule: Rule, message: string): Finding => ({ rule, message, revision, key });
    if (!this.#wants(event.kind, key)) {
      return found("watch: filter", `showed ${tellEvent(event)}, which it did not ask for`);
    }
    if (expected?.revision === revision && expected.key === key) {
      this.#taken++;
      return this.#checkContent(event, expected);
    }
    const shown = `showed ${tellEvent(event)} where ${expected ? tellChange(expected) : "nothing"} should come`;
    if (this.#hasShown(event, at)) return found("watch: Unique", `${shown}: again`);
    if (expected && revision >= expected.revision) {
      const comesLater = this.#comesLater(expected, at);
      return found(comesLater ? "watch: Ordered" : "watch: Reliable", shown);
    }
    return found(expected ? "watch: Ordered" : "watch: event differs from the log", shown);
  }

  #checkContent(event: EventText, { kv, previous }: Change): Finding | undefined {
    const { key, modRevision: revision } = event.kv;
    const isSame = kv
      ? event.kind === "put" && sameKv(event.kv, kv)
      : event.kind === "delete" && event.kv.value === "";
    if (!isSame) {
      const message = `showed ${tellEvent(event)}, and the log has ${JSON.stringify(kv)}`;
      return { rule: "watch: event differs from the log", message, revision, key };
    }
    const wanted = this.#stream.request.previous ? previous : undefined;
    if (sameKv(event.previous, wanted)) return undefined;
    if (!event.previous && this.#mayLack(revision)) return undefined;
    const message = `showed ${tellEvent(event)} after ${JSON.stringify(event.previous)}; before it was ${JSON.stringify(wanted)}`;
    return { rule: "watch: previous value", message, revision, key };
  }

  #mayLack(revision: number): boolean {
    const { history, compactAsked } = this.#facts;
    const compacted = compactAsked.before(Number.POSITIVE_INFINITY).value;
    return history.setting.mayLackPrevious && revision <= compacted;
  }

  #checkEnd(): Finding | undefined {
    const { end } = this.#stream;
    if (end?.why === "stuck") {
      const message = `had got to revision ${this.#reached} at the end and no further`;
      return { rule: "watch: Reliable", message, revision: this.#reached };
    }
    if (end?.why !== "compacted") return undefined;
    const asked = this.#facts.compactAsked.before(end.atUs);
    if (asked.value > this.#reached + 1) return undefined;
    const message = `was ended as compacted at revision ${this.#reached}, and nobody had asked for more than ${asked.value}`;
    return { rule: "compaction", message, revision: this.#reached };
  }

  /** The change that is owed next. */
  #next(): Change | undefined {
    const { timelines } = this.#facts.replay;
    for (; this.#revision <= timelines.head; this.#revision++, this.#taken = 0) {
      const changes = timelines.changesAt(this.#revision);
      const wanted = changes.filter(({ key, kv }) => this.#wants(kv ? "put" : "delete", key));
      const change = wanted[this.#taken];
      if (change) return change;
    }
    return undefined;
  }

  #wants(kind: "put" | "delete", key: string): boolean {
    const { request } = this.#stream;
    return isInRange(key, request) && !(kind === "put" ? request.noPut : request.noDelete);
  }

  #hasShown(event: EventText, at: { readonly index: number; readonly i: number }): boolean {
    return this.#stream.deliveries
      .slice(0, at.index + 1)
      .some(
        (delivery, index) =>
          delivery.kind === "events" &&
          delivery.events.some(
            ({ kv }, i) => (index < at.index || i < at.i) && isSameChange(kv, event.kv),
          ),
      );
  }

  #comesLater(change: Change, at: { readonly index: number; readonly i: number }): boolean {
    return this.#stream.deliveries
      .slice(at.index)
      .some(
        (delivery) =>
          delivery.kind === "events" &&
          delivery.events.some(
            ({ kv }) => kv.key === change.key && kv.modRevision === change.revision,
          ),
      );
  }
}

function isSameChange(a: EventText["kv"], b: EventText["kv"]): boolean {
  return a.key === b.key && a.modRevision === b.modRevision;
}

function tellRange({ key, end = "", startRevision = 0 }: WatchText): string {
  const what =
    end === "" ? JSON.stringify(key) : `[${JSON.stringify(key)}, ${JSON.stringify(end)})`;
  return startRevision ? `${what} from ${startRevision}` : what;
}

function tellEvent({ kind, kv }: EventText): string {
  return kind === "put"
    ? `+${kv.key}=${kv.value}@${kv.modRevision}`
    : `-${kv.key}@${kv.modRevision}`;
}

function tellChange({ key, kv, revision }: Change): string {
  return kv ? `+${key}=${kv.value}@${revision}` : `-${key}@${revision}`;
}
