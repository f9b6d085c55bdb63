import { isStatus, type KubernetesObject, StatusError } from "@cellplane/apimachinery";
import { abortableDelay, ConnectionError, type RestClient, retryDelayMs } from "@cellplane/client";
import type { Counter } from "@cellplane/metrics";
import { formatTime } from "../shared/format-time.ts";
import { events } from "../shared/resources.ts";
import { boundedSet } from "./bounded-map.ts";
import { EventCorrelator, eventTtlMs } from "./event-correlator.ts";
import type { EventRecorder, RecordedEvent } from "./event-recorder.ts";
import { renderEvent } from "./render-event.ts";

// What happens faster than it can be told is dropped, never waited for.
const maxQueued = 1000;
const maxKnown = 4096;
// At most so many writes a second: events must not take the server from what they tell about.
const minWriteMs = 20;
const maxAttempts = 6;
// At the end, what is still queued gets so long.
const flushMs = 2000;

interface Pending {
  readonly about: KubernetesObject;
  readonly event: RecordedEvent;
  readonly message: string;
  count: number;
  readonly firstMs: number;
  lastMs: number;
}

interface Told {
  readonly namespace: string;
  readonly name: string;
  count: number;
  lastMs: number;
}

/** What a recorder is given. */
export interface EventRecorderDependencies {
  readonly client: RestClient;
  readonly nowMs: () => number;
  /** Counts events by what became of them: `recorded`, `repeated`, `dropped`, `failed`. */
  readonly outcomes?: Counter<"outcome">;
}

/**
 * Writes events to the API server, one at a time and in order, beside everything else. Repetitions
 * are counted in the event that there is. An event that cannot be written is tried a few times.
 */
export class ApiEventRecorder implements EventRecorder {
  readonly #deps: EventRecorderDependencies;
  readonly #correlator = new EventCorrelator();
  readonly #queue = new Map<string, Pending>();
  readonly #told = new Map<string, Told>();
  #serial = 0;
  #wake = Promise.withResolvers<void>();

  constructor(deps: EventRecorderDependencies) {
    this.#deps = deps;
  }

  record(about: KubernetesObject, event: RecordedEvent): void {
    const nowMs = this.#deps.nowMs();
    const correlated = this.#correlator.correlate(about, event, nowMs);
    if (!correlated) return this.#count("dropped");
    const { key, message } = correlated;
    const queued = this.#queue.get(key);
    if (queued) {
      queued.count++;
      queued.lastMs = nowMs;
      return undefined;
    }
    if (this.#queue.size >= maxQueued) return this.#count("dropped");
    this.#queue.set(key, { about, event, message, count: 1, firstMs: nowMs, lastMs: nowMs });
    this.#wake.resolve();
    return undefined;
  }

  /** Writes what is recorded until `signal` aborts; then what is left, for two seconds at most. */
  async run(signal: AbortSignal): Promise<void> {
    const stopped = Promise.withResolvers<void>();
    const givingUp = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = (): void => {
      timer = setTimeout(() => givingUp.abort(), flushMs);
      stopped.resolve();
    };
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    for (;;) {
      await this.#writeAll({ stopping: signal, givingUp: givingUp.signal });
      if (givingUp.signal.aborted || (signal.aborted && this.#queue.size === 0)) break;
      await Promise.race([this.#wake.promise, stopped.promise]);
      this.#wake = Promise.withResolvers<void>();
    }
    clearTimeout(timer);
  }

  async #writeAll(signals: {
    readonly stopping: AbortSignal;
    readonly givingUp: AbortSignal;
  }): Promise<void> {
    const { stopping, givingUp } = signals;
    for (const [key, pending] of this.#queue) {
      if (givingUp.aborted) return;
      // What happens again while it is written is written again.
      this.#queue.delete(key);
      await this.#write(key, pending, givingUp);
      await abortableDelay(minWriteMs, stopping);
    }
  }

  async #write(key: string, pending: Pending, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; attempt < maxAttempts && !signal.aborted; attempt++) {
      try {
        return await this.#writeOnce(key, pending, signal);
      } catch (error) {
        if (!isWorthRetrying(error)) break;
        await abortableDelay(retryDelayMs(attempt, 0.5), signal);
      }
    }
    return this.#count("failed");
  }

  async #writeOnce(key: string, pending: Pending, signal: AbortSignal): Promise<void> {
    const told = this.#told.get(key);
    if (told && pending.lastMs - told.lastMs < eventTtlMs) {
      try {
        return await this.#repeat(told, pending, signal);
      } catch (error) {
        // It has expired, or somebody deleted it.
        if (!isStatus(error, "NotFound")) throw error;
      }
    }
    await this.#create(key, pending, signal);
  }

  async #repeat(told: Told, pending: Pending, signal: AbortSignal): Promise<void> {
    const { client } = this.#deps;
    const count = told.count + pending.count;
    const body = { count, lastTimestamp: formatTime(pending.lastMs), message: pending.message };
    const path = { ...events, namespace: told.namespace };
    await client.patch(path, told.name, { type: "merge", body }, {}, signal);
    told.count = count;
    told.lastMs = pending.lastMs;
    this.#count("repeated");
  }

  async #create(key: string, pending: Pending, signal: AbortSignal): Promise<void> {
    const { client } = this.#deps;
    const serial = `${pending.firstMs.toString(16)}${(this.#serial++ % 4096).toString(16).padStart(3, "0")}`;
    const object = renderEvent({ ...pending, serial });
    const { namespace = "", name = "" } = object.metadata;
    await client.create({ ...events, namespace }, object, {}, signal);
    const told = { namespace, name, count: pending.count, lastMs: pending.lastMs };
    boundedSet(this.#told, key, told, maxKnown);
    this.#count("recorded");
  }

  #count(outcome: "recorded" | "repeated" | "dropped" | "failed"): void {
    this.#deps.outcomes?.add({ outcome });
  }
}

function isWorthRetrying(error: unknown): boolean {
  if (error instanceof ConnectionError) return true;
  return error instanceof StatusError && (error.code === 429 || error.code >= 500);
}
