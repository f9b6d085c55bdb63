import { isStatus, type JsonValue, type KubernetesObject } from "@cellplane/apimachinery";
import { abortableDelay, type RestClient } from "@cellplane/client";
import type { Controller, ErrorReporter } from "../shared/controller.ts";
import { events } from "../shared/resources.ts";
import { eventTtlMs } from "./event-correlator.ts";

const everyMs = 300_000;
const pageSize = 500;
const deletionsAtOnce = 8;

/**
 * Deletes events an hour after they last happened, whoever wrote them: what the `--event-ttl` of
 * Kubernetes' API server does. Looks every five minutes, a page at a time.
 */
export function createEventCleaner(deps: {
  readonly client: RestClient;
  readonly nowMs: () => number;
  readonly onError: ErrorReporter;
}): Controller {
  const name = "event-cleaner";
  return {
    name,
    async run(signal) {
      while (!signal.aborted) {
        try {
          await deleteExpiredEvents(deps.client, deps.nowMs(), signal);
        } catch (error) {
          if (!signal.aborted) deps.onError(error, { controller: name });
        }
        await abortableDelay(everyMs, signal);
      }
    },
  };
}

/** Deletes what has expired by now. How many events there were. */
export async function deleteExpiredEvents(
  client: RestClient,
  nowMs: number,
  signal: AbortSignal,
): Promise<number> {
  let deleted = 0;
  let next: string | undefined;
  do {
    const query = { limit: pageSize, ...(next === undefined ? {} : { continue: next }) };
    const page = await client.list(events, query, signal);
    const expired = page.items.filter((event) => nowMs - lastSeenMs(event) >= eventTtlMs);
    for (let at = 0; at < expired.length; at += deletionsAtOnce) {
      const some = expired.slice(at, at + deletionsAtOnce);
      await Promise.all(some.map((event) => remove(client, event, signal)));
    }
    deleted += expired.length;
    next = page.metadata.continue === "" ? undefined : page.metadata.continue;
  } while (next !== undefined);
  return deleted;
}

async function remove(
  client: RestClient,
  { metadata }: KubernetesObject,
  signal: AbortSignal,
): Promise<void> {
  const { name = "", namespace = "", resourceVersion = "" } = metadata;
  try {
    // One that has just happened again stays.
    const preconditions = { resourceVersion };
    await client.delete({ ...events, namespace }, name, { preconditions }, signal);
  } catch (error) {
    if (!isStatus(error, "NotFound") && !isStatus(error, "Conflict")) throw error;
  }
}

function lastSeenMs(event: KubernetesObject): number {
  const { series } = event as { readonly series?: Readonly<Record<string, JsonValue>> | null };
  const times = [
    event.metadata.creationTimestamp,
    event["eventTime"],
    event["lastTimestamp"],
    series?.["lastObservedTime"],
  ];
  const known = times.map((time) => (typeof time === "string" ? Date.parse(time) : NaN));
  return Math.max(0, ...known.filter((time) => !Number.isNaN(time)));
}
