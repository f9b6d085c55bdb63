import { isStatus } from "@cellplane/apimachinery";
import { abortableDelay, type RestClient } from "@cellplane/client";
import { readAllPages } from "./read-all-pages.ts";
import { readThing, things, type ThingState } from "./thing.ts";

const pauseMs = 100;

/** One event of a watch. */
export interface SeenEvent extends ThingState {
  readonly key: string;
  readonly isDelete: boolean;
}

/** A stretch of history that a client saw without a gap: everything after `from`, up to `to`. */
export interface Segment {
  readonly from: number;
  to: number;
  readonly events: SeenEvent[];
}

/** Somebody who lists and watches, and keeps what they saw. */
export interface Observer {
  readonly segments: readonly Segment[];
  /** What they believe to be there. */
  readonly state: ReadonlyMap<string, ThingState>;
  /** How often they listed, and how often they watched on. */
  readonly relists: number;
  readonly reconnects: number;
  run(signal: AbortSignal): Promise<void>;
}

/** A client that lists and watches as client-go does. */
export class Watcher implements Observer {
  readonly segments: Segment[] = [];
  readonly state: Map<string, ThingState> = new Map<string, ThingState>();
  relists = 0;
  reconnects = 0;
  readonly #client: RestClient;
  readonly #fault: (what: string) => void;

  constructor(client: RestClient, fault: (what: string) => void) {
    this.#client = client;
    this.#fault = fault;
  }

  async run(signal: AbortSignal): Promise<void> {
    let segment: Segment | undefined;
    while (!signal.aborted) {
      try {
        segment ??= await this.#list();
        await this.#watch(segment, signal);
        this.reconnects += 1;
      } catch (error) {
        if (signal.aborted) return;
        if (isStatus(error, "Expired") || isStatus(error, "Gone")) segment = undefined;
        else this.reconnects += 1;
        await abortableDelay(pauseMs, signal).catch(() => undefined);
      }
    }
  }

  async #list(): Promise<Segment> {
    const { revision, items } = await readAllPages(this.#client, 500);
    const last = this.segments.at(-1)?.to ?? 0;
    if (revision < last) this.#fault(`A list went back from revision ${last} to ${revision}`);
    this.relists += 1;
    this.state.clear();
    for (const { name, ...state } of items) this.state.set(name, state);
    const segment = { from: revision, to: revision, events: [] };
    this.segments.push(segment);
    return segment;
  }

  async #watch(segment: Segment, signal: AbortSignal): Promise<void> {
    const query = { resourceVersion: String(segment.to), allowWatchBookmarks: true };
    for await (const { type, object } of this.#client.watch(things, query, signal)) {
      const { name, revision, write } = readThing(object);
      if (revision < segment.to || (revision === segment.to && type !== "BOOKMARK")) {
        this.#fault(`A watch went from revision ${segment.to} to ${revision} (${type} ${name})`);
      }
      segment.to = revision;
      if (type === "BOOKMARK") continue;
      segment.events.push({ key: name, revision, write, isDelete: type === "DELETED" });
      if (type === "DELETED") this.state.delete(name);
      else this.state.set(name, { revision, write });
    }
  }
}
