import type { History, Stream } from "../record/history.ts";
import type { EventText } from "../record/text.ts";

/** A revision as a watch of everything showed it. */
export interface SeenRevision {
  readonly events: readonly EventText[];
  /** When it was first seen. */
  readonly atUs: number;
  readonly stream: string;
}

/** Whether a watch is of all changes of all keys, with what was before. */
export function isOfEverything({ request }: Stream): boolean {
  const { key, end, noPut, noDelete, previous } = request;
  return key === "\0" && end === "\0" && !noPut && !noDelete && previous === true;
}

/** The log as the watches of everything showed it: the first to show a revision has the say, the others are checked. */
export function readSeenLog({ streams }: History): ReadonlyMap<number, SeenRevision> {
  const seen = new Map<number, SeenRevision>();
  for (const stream of streams.filter(isOfEverything)) {
    for (const delivery of stream.deliveries) {
      if (delivery.kind === "progress") continue;
      const { atUs, events } = delivery;
      for (const [revision, ofRevision] of Map.groupBy(events, ({ kv }) => kv.modRevision)) {
        const known = seen.get(revision);
        if (!known) seen.set(revision, { events: ofRevision, atUs, stream: stream.id });
        else if (atUs < known.atUs) seen.set(revision, { ...known, atUs });
      }
    }
  }
  return seen;
}
