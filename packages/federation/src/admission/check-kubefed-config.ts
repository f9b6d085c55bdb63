import {
  duplicate,
  type FieldError,
  invalid,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  notSupported,
  required,
} from "@cellplane/apimachinery";
import { parseGoDurationMs } from "../api/go-duration.ts";
import {
  featureGateDefaults,
  type KubeFedConfig,
  type KubeFedConfigSpec,
} from "../api/kubefed-config.ts";

const switches = ["Enabled", "Disabled"];
const gateNames = Object.keys(featureGateDefaults).sort();

// Reference §1.2, but for the workers: KubeFed's one object at a time is too few.
const defaults = {
  controllerDuration: { availableDelay: "20s", unavailableDelay: "60s", cacheSyncTimeout: "5m" },
  leaderElect: {
    leaseDuration: "15s",
    renewDeadline: "10s",
    retryPeriod: "5s",
    resourceLock: "configmaps",
  },
  clusterHealthCheck: { period: "10s", failureThreshold: 3, successThreshold: 1, timeout: "3s" },
  syncController: { maxConcurrentReconciles: 16, adoptResources: "Enabled" },
  statusController: { maxConcurrentReconciles: 1 },
} as const;

/** The settings with everything filled in that was left out; gates in the order of their names. */
export function defaultKubeFedConfig(config: KubeFedConfig): KubeFedConfig {
  const { spec } = config;
  const set = new Map(spec.featureGates?.map((gate) => [gate.name, gate.configuration]));
  for (const [name, enabled] of Object.entries(featureGateDefaults)) {
    if (!set.has(name)) set.set(name, enabled ? "Enabled" : "Disabled");
  }
  const featureGates = Array.from(set, ([name, configuration]) => ({ name, configuration })).sort(
    (left, right) => (left.name < right.name ? -1 : 1),
  );
  return {
    ...config,
    spec: {
      ...spec,
      controllerDuration: { ...defaults.controllerDuration, ...spec.controllerDuration },
      leaderElect: { ...defaults.leaderElect, ...spec.leaderElect },
      clusterHealthCheck: { ...defaults.clusterHealthCheck, ...spec.clusterHealthCheck },
      syncController: { ...defaults.syncController, ...spec.syncController },
      statusController: { ...defaults.statusController, ...spec.statusController },
      featureGates,
    },
  };
}

/** Judges the settings (reference §1.2); `old` is absent on creation. */
export function checkKubeFedConfig(
  { spec }: KubeFedConfig,
  old: KubeFedConfig | undefined,
): readonly FieldError[] {
  return [
    ...checkScope(spec, old?.spec),
    ...checkDurations(spec),
    ...checkLease(spec.leaderElect),
    ...checkNumbers(spec),
    ...checkGates(spec.featureGates ?? []),
    ...checkAdoption(spec),
  ];
}

function checkScope(
  { scope }: KubeFedConfigSpec,
  old: KubeFedConfigSpec | undefined,
): readonly FieldError[] {
  if (scope === undefined) return [required("spec.scope")];
  if (scope !== "Cluster" && scope !== "Namespaced") {
    return [notSupported("spec.scope", scope, ["Cluster", "Namespaced"])];
  }
  if (old === undefined || old.scope === scope) return [];
  return [invalid("spec.scope", scope, "field is immutable")];
}

const durationFields = [
  "controllerDuration.availableDelay",
  "controllerDuration.unavailableDelay",
  "controllerDuration.cacheSyncTimeout",
  "leaderElect.leaseDuration",
  "leaderElect.renewDeadline",
  "leaderElect.retryPeriod",
  "clusterHealthCheck.period",
  "clusterHealthCheck.timeout",
];
const numberFields = [
  "clusterHealthCheck.failureThreshold",
  "clusterHealthCheck.successThreshold",
  "syncController.maxConcurrentReconciles",
  "statusController.maxConcurrentReconciles",
  "memberClient.qps",
  "memberClient.burst",
  "revisionHistoryLimit",
];

function checkDurations(spec: KubeFedConfigSpec): readonly FieldError[] {
  return durationFields.flatMap((path) => {
    const value = fieldOf(spec, path);
    if (value === undefined) return [];
    const ms = typeof value === "string" ? parseGoDurationMs(value) : undefined;
    if (ms === undefined) return [invalid(`spec.${path}`, value, "must be a duration such as 10s")];
    return ms > 0 ? [] : [invalid(`spec.${path}`, value, "should be greater than 0")];
  });
}

function checkNumbers(spec: KubeFedConfigSpec): readonly FieldError[] {
  return numberFields.flatMap((path) => {
    const value = fieldOf(spec, path);
    if (value === undefined || (typeof value === "number" && value > 0)) return [];
    return [invalid(`spec.${path}`, value, "should be greater than 0")];
  });
}

function checkLease(lease: KubeFedConfigSpec["leaderElect"]): readonly FieldError[] {
  const [leaseMs, renewMs, retryMs] = [
    lease?.leaseDuration,
    lease?.renewDeadline,
    lease?.retryPeriod,
  ].map((text) => (text === undefined ? undefined : parseGoDurationMs(text)));
  const errors: FieldError[] = [];
  if (leaseMs !== undefined && renewMs !== undefined && leaseMs <= renewMs) {
    const detail = "leaseDuration must be greater than renewDeadline";
    errors.push(invalid("spec.leaderElect.leaseDuration", lease?.leaseDuration, detail));
  }
  if (renewMs !== undefined && retryMs !== undefined && renewMs <= retryMs * 1.2) {
    const detail = "renewDeadline must be greater than retryPeriod*1.2";
    errors.push(invalid("spec.leaderElect.renewDeadline", lease?.renewDeadline, detail));
  }
  const lock = lease?.resourceLock;
  const locks = ["configmaps", "endpoints"];
  if (lock !== undefined && !locks.includes(lock)) {
    errors.push(notSupported("spec.leaderElect.resourceLock", lock, locks));
  }
  return errors;
}

function checkGates(gates: NonNullable<KubeFedConfigSpec["featureGates"]>): readonly FieldError[] {
  const seen = new Set<string>();
  return gates.flatMap(({ name, configuration }, index) => {
    const path = `spec.featureGates[${index}]`;
    if (seen.has(name)) return [duplicate(`${path}.name`, name)];
    seen.add(name);
    if (!gateNames.includes(name)) return [notSupported(`${path}.name`, name, gateNames)];
    if (switches.includes(configuration)) return [];
    return [notSupported(`${path}.configuration`, configuration, switches)];
  });
}

function checkAdoption({ syncController }: KubeFedConfigSpec): readonly FieldError[] {
  const value = syncController?.adoptResources;
  if (value === undefined || switches.includes(value)) return [];
  return [notSupported("spec.syncController.adoptResources", value, switches)];
}

/** What settings say that means less here than in KubeFed, for people to know. */
export function warnOfKubeFedConfig({ spec }: KubeFedConfig): readonly string[] {
  return idleFields.flatMap(([path, why]) => {
    const given = fieldOf(spec, path);
    if (given === undefined || given === fieldOf(defaults, path)) return [];
    return [`spec.${path} has no effect: ${why}`];
  });
}

const idleFields = [
  ["controllerDuration.availableDelay", "a cluster that returns is acted upon at once"],
  [
    "statusController.maxConcurrentReconciles",
    "status is collected by the sync controllers, of which spec.syncController.maxConcurrentReconciles tells",
  ],
] as const;

function fieldOf(spec: JsonObject, path: string): JsonValue | undefined {
  return path
    .split(".")
    .reduce<JsonValue | undefined>(
      (node, part) => (isJsonObject(node) ? node[part] : undefined),
      spec,
    );
}
