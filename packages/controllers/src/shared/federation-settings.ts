import {
  defaultRevisionHistoryLimit,
  type FeatureGates,
  type KubeFedConfig,
  type MemberClientSpec,
  parseGoDurationMs,
  readFeatureGates,
  type SyncSettings,
} from "@cellplane/federation";

/** What KubeFedConfig says, with defaults filled in; read anew whenever it is needed. */
export interface FederationSettings {
  readonly sync: Omit<SyncSettings, "controlPlaneId">;
  readonly gates: FeatureGates;
  readonly scope: "Cluster" | "Namespaced";
  readonly health: {
    readonly periodMs: number;
    readonly timeoutMs: number;
    readonly failureThreshold: number;
    readonly successThreshold: number;
  };
  readonly syncWorkers: number;
  /** How long a lost cluster still counts, before what runs there is to run elsewhere. */
  readonly unavailableDelayMs: number;
  /** How long a member's cache may take until it is called late. */
  readonly cacheSyncTimeoutMs: number;
  readonly memberClient: MemberLimits;
}

/** How many requests a member gets. */
export interface MemberLimits {
  /** A second. */
  readonly qps: number;
  /** At once. */
  readonly burst: number;
}

/** KubeFed's defaults (reference §1.2), but for workers: one at a time is too few. */
const defaultSyncWorkers = 16;
// Far beyond what one reconciles: KubeFed's 20 a second are what its users complain about.
const defaultQps = 1000;

// They are asked for many times a reconcile, and a config is never changed but replaced.
const remembered = new WeakMap<KubeFedConfig, FederationSettings>();

/** Reads the settings of a KubeFedConfig; `undefined` gives the defaults. */
export function readFederationSettings(config: KubeFedConfig | undefined): FederationSettings {
  const known = config && remembered.get(config);
  if (known) return known;
  const settings = readSettings(config);
  if (config) remembered.set(config, settings);
  return settings;
}

function readSettings(config: KubeFedConfig | undefined): FederationSettings {
  const spec = config?.spec;
  const gates = readFeatureGates(spec);
  const health = spec?.clusterHealthCheck;
  return {
    sync: {
      adoption: spec?.syncController?.adoptResources === "Disabled" ? "refuse" : "adopt",
      isolation: gates.TenantIsolation ? "byTenant" : "off",
      masks: gates.PlacementMask ? "on" : "off",
      annotationPolicy: gates.PropagatingAnnotations ? "on" : "off",
      revisionHistoryLimit: spec?.revisionHistoryLimit ?? defaultRevisionHistoryLimit,
    },
    gates,
    scope: spec?.scope ?? "Cluster",
    health: {
      periodMs: durationMs(health?.period) ?? 10_000,
      timeoutMs: durationMs(health?.timeout) ?? 3000,
      failureThreshold: health?.failureThreshold ?? 3,
      successThreshold: health?.successThreshold ?? 1,
    },
    syncWorkers: spec?.syncController?.maxConcurrentReconciles ?? defaultSyncWorkers,
    unavailableDelayMs: durationMs(spec?.controllerDuration?.unavailableDelay) ?? 60_000,
    cacheSyncTimeoutMs: durationMs(spec?.controllerDuration?.cacheSyncTimeout) ?? 300_000,
    memberClient: readMemberLimits(spec?.memberClient),
  };
}

/**
 * Where federated objects are followed, here and in members: the system namespace alone in the
 * scope Namespaced, else everywhere (no field).
 */
export function followedIn(
  { scope }: Pick<FederationSettings, "scope">,
  systemNamespace: string,
): { readonly namespace?: string } {
  return scope === "Namespaced" ? { namespace: systemNamespace } : {};
}

/** Limits as they are given; a burst that is not given is twice the rate. */
export function readMemberLimits(given: MemberClientSpec | undefined): MemberLimits {
  const qps = given?.qps ?? defaultQps;
  return { qps, burst: given?.burst ?? 2 * qps };
}

function durationMs(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseGoDurationMs(text);
}
