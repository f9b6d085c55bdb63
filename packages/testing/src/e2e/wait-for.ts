import { deepEqual } from "node:assert/strict";
import { isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import { abortableDelay, type ResourcePath, type RestClient } from "@cellplane/client";

/** How long a condition may take on a loaded machine. */
export const waitWithinMs = 45_000;
const probeEveryMs = 100;

/** An object of an API. */
export interface ObjectPlace {
  readonly client: RestClient;
  readonly path: ResourcePath;
  readonly name: string;
}

/** Waits, by watch, until what is read from an object is as expected; returns the object. */
export async function waitForObject(
  { client, path, name }: ObjectPlace,
  read: (object: KubernetesObject) => unknown,
  expected: unknown,
): Promise<KubernetesObject> {
  const signal = AbortSignal.timeout(waitWithinMs);
  let last: unknown = "nothing, for there was no such object";
  try {
    while (!signal.aborted) {
      const query = { fieldSelector: `metadata.name=${name}` };
      try {
        for await (const { type, object } of client.watch(path, query, signal)) {
          last = type === "DELETED" ? undefined : read(object);
          if (isSame(last, expected)) return object;
        }
      } catch (error) {
        // Kubernetes' own server says so for a moment after a CustomResourceDefinition was changed.
        if (!isStatus(error, "TooManyRequests")) throw error;
        await abortableDelay(probeEveryMs, signal);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  deepEqual(last, expected, `${path.resource}/${name} after ${waitWithinMs / 1000} s`);
  throw new Error(`cannot happen: ${path.resource}/${name} was as expected after all`);
}

/** Waits until a probe returns something. `what` says what was waited for in vain. */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined>,
  withinMs: number = waitWithinMs,
): Promise<T> {
  const signal = AbortSignal.timeout(withinMs);
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (signal.aborted) throw new Error(`Waited ${withinMs / 1000} s in vain for ${what}`);
    await abortableDelay(probeEveryMs, signal).catch(() => undefined);
  }
}

/** Waits until an object is gone. */
export async function waitUntilGone(place: ObjectPlace): Promise<void> {
  await waitFor(`${place.path.resource}/${place.name} to be gone`, async () =>
    (await findObject(place)) ? undefined : true,
  );
}

/** An object, or nothing where there is none. */
export async function findObject({
  client,
  path,
  name,
}: ObjectPlace): Promise<KubernetesObject | undefined> {
  try {
    return await client.get(path, name);
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined;
    throw error;
  }
}

function isSame(left: unknown, right: unknown): boolean {
  try {
    deepEqual(left, right);
    return true;
  } catch {
    return false;
  }
}
