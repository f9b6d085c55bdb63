import {
  isJsonEqual,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "@cellplane/apimachinery";
import {
  defaultKubeFedConfig,
  type KubeFedConfig,
  type KubeFedConfigSpec,
} from "@cellplane/federation";

// What KubeFed stores where nobody said otherwise (reference §1.2): it tells of no wish.
const kubefedDefaults: JsonObject = {
  controllerDuration: { availableDelay: "20s", unavailableDelay: "60s", cacheSyncTimeout: "5m" },
  leaderElect: {
    leaseDuration: "15s",
    renewDeadline: "10s",
    retryPeriod: "5s",
    resourceLock: "configmaps",
  },
  clusterHealthCheck: { period: "10s", failureThreshold: 3, successThreshold: 1, timeout: "3s" },
  syncController: { maxConcurrentReconciles: 1, adoptResources: "Enabled" },
  statusController: { maxConcurrentReconciles: 1 },
};

const gateDefaults: Readonly<Record<string, string>> = {
  PushReconciler: "Enabled",
  SchedulerPreferences: "Enabled",
  RawResourceStatusCollection: "Disabled",
};

/** A merge patch of the KubeFedConfig's spec, and what it sets, in words. */
export interface ImportedSettings {
  readonly patch: JsonObject;
  readonly lines: readonly string[];
}

/**
 * What of KubeFed's settings is taken over: values that somebody chose there, where nobody has
 * chosen one here. The scope stays.
 */
export function importSettings(
  theirs: KubeFedConfig | undefined,
  ours: KubeFedConfig,
): ImportedSettings {
  const spec = asJson(theirs?.spec);
  const mine = asJson(ours.spec);
  const untouched = asJson(
    defaultKubeFedConfig({ ...ours, spec: { scope: ours.spec.scope } }).spec,
  );
  const patch: Record<string, JsonValue> = {};
  const lines: string[] = [];
  for (const [section, defaults] of Object.entries(kubefedDefaults)) {
    const chosen = Object.entries(objectIn(spec, section)).filter(([field, value]) => {
      const isChosen = !isJsonEqual(
        value ?? null,
        objectIn(kubefedDefaults, section)[field] ?? null,
      );
      const own = objectIn(mine, section)[field] ?? null;
      const isFree = isJsonEqual(own, objectIn(untouched, section)[field] ?? null);
      return isChosen && isFree && !isJsonEqual(value ?? null, own) && isKnown(defaults, field);
    });
    if (chosen.length === 0) continue;
    patch[section] = Object.fromEntries(chosen);
    for (const [field, value] of chosen)
      lines.push(`${section}.${field}: ${JSON.stringify(value)}`);
  }
  const gates = importGates(theirs?.spec, ours.spec);
  if (gates) {
    patch["featureGates"] = gates.list;
    lines.push(...gates.lines);
  }
  return { patch, lines };
}

function importGates(
  theirs: KubeFedConfigSpec | undefined,
  ours: KubeFedConfigSpec,
): { readonly list: readonly JsonObject[]; readonly lines: readonly string[] } | undefined {
  const chosen = (theirs?.featureGates ?? []).filter(
    ({ name, configuration }) => (gateDefaults[name] ?? configuration) !== configuration,
  );
  const own = new Map(ours.featureGates?.map((gate) => [gate.name, gate.configuration]));
  const changed = chosen.filter(({ name, configuration }) => own.get(name) !== configuration);
  if (changed.length === 0) return undefined;
  for (const { name, configuration } of changed) own.set(name, configuration);
  return {
    list: Array.from(own, ([name, configuration]) => ({ name, configuration })),
    lines: changed.map(({ name, configuration }) => `featureGates.${name}: ${configuration}`),
  };
}

function isKnown(defaults: JsonValue | undefined, field: string): boolean {
  return isJsonObject(defaults) && field in defaults;
}

function objectIn(object: JsonObject, field: string): JsonObject {
  const value = object[field];
  return isJsonObject(value) ? value : {};
}

function asJson(spec: KubeFedConfigSpec | undefined): JsonObject {
  return isJsonObject(spec) ? spec : {};
}
