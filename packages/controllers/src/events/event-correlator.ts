import type { KubernetesObject } from "@cellplane/apimachinery";
import { boundedSet } from "./bounded-map.ts";
import type { RecordedEvent } from "./event-recorder.ts";
import { SpamFilter } from "./spam-filter.ts";

// client-go's: more than ten different messages of one reason within ten minutes become one event.
const maxSimilar = 10;
const similarForMs = 600_000;
const maxKnown = 4096;
/** How long an event is kept after it last happened; the API server's own default, too. */
export const eventTtlMs: number = 3_600_000;
// Kubernetes' limit of `note`.
const maxMessage = 1024;

/** An event as it shall be told: what it says, and which earlier one it repeats. */
export interface CorrelatedEvent {
  /** The same for events that are told as one. */
  readonly key: string;
  readonly message: string;
}

interface Similar {
  readonly messages: Set<string>;
  lastMs: number;
}

/** Finds out which events are the same, which are alike, and which are too many. */
export class EventCorrelator {
  readonly #filter = new SpamFilter();
  readonly #similar = new Map<string, Similar>();

  /** `undefined` for one that is too much. */
  correlate(
    about: KubernetesObject,
    event: RecordedEvent,
    nowMs: number,
  ): CorrelatedEvent | undefined {
    const { apiVersion = "", kind = "", metadata } = about;
    const { namespace = "", name = "", uid = "" } = metadata;
    const source = [event.component, apiVersion, kind, namespace, name, uid].join("|");
    const group = `${source}|${event.type}|${event.reason}`;
    // What has not been told lately is never too much: one that flaps must not hide another trouble.
    const isAdmitted = this.#filter.admits(source, nowMs);
    if (!isAdmitted && this.#isKnown(group, nowMs)) return undefined;
    const message = cut(event.message);
    if (this.#isOneOfFew(group, message, nowMs)) return { key: `${group}|${message}`, message };
    return { key: group, message: cut(`(combined from similar events): ${message}`) };
  }

  #isKnown(group: string, nowMs: number): boolean {
    const known = this.#similar.get(group);
    return known !== undefined && nowMs - known.lastMs <= similarForMs;
  }

  #isOneOfFew(group: string, message: string, nowMs: number): boolean {
    const known = this.#similar.get(group);
    const similar =
      known && this.#isKnown(group, nowMs) ? known : { messages: new Set<string>(), lastMs: nowMs };
    similar.lastMs = nowMs;
    boundedSet(this.#similar, group, similar, maxKnown);
    if (similar.messages.has(message)) return true;
    if (similar.messages.size >= maxSimilar) return false;
    similar.messages.add(message);
    return true;
  }
}

function cut(message: string): string {
  return message.length <= maxMessage ? message : `${message.slice(0, maxMessage - 1)}…`;
}
