import {
  isJsonArray,
  isJsonEqual,
  isJsonObject,
  isStatus,
  type JsonObject,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import { abortableDelay, type RestClient } from "@cellplane/client";
import { ServerError } from "../../options/server-error.ts";
import { type InstalledObject, needsCrd } from "./render-installation.ts";

const establishedWithinMs = 60_000;
const lookEveryMs = 200;
const lostRaces = 5;

/** What became of one object. */
export type InstallOutcome = "created" | "updated" | "unchanged";

/** Makes what is missing and brings up to date what is ours; may be run again at any time. */
export async function applyInstallation(
  client: RestClient,
  objects: readonly InstalledObject[],
  onDone: (each: InstalledObject, outcome: InstallOutcome) => void,
  signal: AbortSignal,
): Promise<void> {
  const apply = async (each: InstalledObject): Promise<void> => {
    onDone(each, await ensure(client, each, signal));
  };
  for (const each of objects.filter((object) => !needsCrd(object))) await apply(each);
  await waitUntilEstablished(client, objects, signal);
  for (const each of objects.filter(needsCrd)) await apply(each);
}

async function ensure(
  client: RestClient,
  { path, object, keep }: InstalledObject,
  signal: AbortSignal,
): Promise<InstallOutcome> {
  const { name = "" } = object.metadata;
  for (let round = 0; ; round++) {
    try {
      const current = await find(client, { path, name }, signal);
      if (!current) {
        await client.create(path, object, {}, signal);
        return "created";
      }
      if (keep === "once") return "unchanged";
      const wanted = merge(current, object);
      if (isJsonEqual(jsonOf(wanted), jsonOf(current))) return "unchanged";
      const stored = await client.update(path, wanted, {}, signal);
      // The server fills in defaults, so that only it can tell whether anything changed.
      const isSame = stored.metadata.resourceVersion === current.metadata.resourceVersion;
      return isSame ? "unchanged" : "updated";
    } catch (error) {
      const isRace = isStatus(error, "Conflict") || isStatus(error, "AlreadyExists");
      if (!isRace || round >= lostRaces) throw error;
    }
  }
}

/** What is ours over what is there; a CA bundle that the controller manager wrote stays. */
function merge(current: KubernetesObject, wanted: KubernetesObject): KubernetesObject {
  const { apiVersion: _, kind: _kind, metadata, ...rest } = wanted;
  const labels = { ...current.metadata.labels, ...metadata.labels };
  const merged = {
    ...current,
    ...rest,
    metadata: Object.keys(labels).length === 0 ? current.metadata : { ...current.metadata, labels },
  };
  const spec = current["spec"];
  const own = rest["spec"];
  if (!isJsonObject(spec) || !isJsonObject(own)) return merged;
  const whole = { ...spec, ...own };
  return { ...merged, spec: { ...whole, ...keptConversion(spec, own) } };
}

function keptConversion(current: JsonObject, wanted: JsonObject): JsonObject {
  const before = current["conversion"];
  const isKept =
    isJsonObject(before) &&
    before["strategy"] === "Webhook" &&
    !JSON.stringify(wanted["conversion"] ?? {}).includes('"caBundle"');
  return isKept && wanted["conversion"] !== undefined ? { conversion: before } : {};
}

async function waitUntilEstablished(
  client: RestClient,
  objects: readonly InstalledObject[],
  signal: AbortSignal,
): Promise<void> {
  const waiting = AbortSignal.any([signal, AbortSignal.timeout(establishedWithinMs)]);
  const crds = objects.filter(({ path }) => path.resource === "customresourcedefinitions");
  for (const { path, object } of crds) {
    const { name = "" } = object.metadata;
    while (!isEstablished(await client.get(path, name, signal))) {
      if (waiting.aborted) {
        throw new ServerError(`Cannot install as the host did not establish the CRD "${name}"`);
      }
      await abortableDelay(lookEveryMs, waiting);
    }
  }
}

function isEstablished(crd: KubernetesObject): boolean {
  const status = crd["status"];
  const conditions = isJsonObject(status) ? status["conditions"] : undefined;
  return (isJsonArray(conditions) ? conditions : []).some(
    (each) => isJsonObject(each) && each["type"] === "Established" && each["status"] === "True",
  );
}

async function find(
  client: RestClient,
  { path, name }: { readonly path: InstalledObject["path"]; readonly name: string },
  signal: AbortSignal,
): Promise<KubernetesObject | undefined> {
  try {
    return await client.get(path, name, signal);
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined;
    throw error;
  }
}

function jsonOf(object: KubernetesObject): JsonObject {
  return object as unknown as JsonObject;
}
