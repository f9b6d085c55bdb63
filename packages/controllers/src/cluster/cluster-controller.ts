import { isStatus } from "@cellplane/apimachinery";
import { type Outcome, type RestClient, WorkQueue } from "@cellplane/client";
import {
  cellOfCluster,
  isClusterReady,
  joinedClusterOf,
  type KubeFedCluster,
  type KubeFedClusterStatus,
} from "@cellplane/federation";
import type { EventRecorder } from "../events/event-recorder.ts";
import type { FederationMetrics } from "../metrics/federation-metrics.ts";
import {
  type ClusterFinding,
  clusterEvents,
  gaugeCluster,
  tellOfCluster,
} from "./cluster-telling.ts";
import { LastingTrouble } from "./lasting-trouble.ts";
import type { MemberPool } from "../members/member-pool.ts";
import type { Controller, ErrorReporter } from "../shared/controller.ts";
import type { FederationSettings } from "../shared/federation-settings.ts";
import { kubeFedClusters } from "../shared/federation-resources.ts";
import { formatTime } from "../shared/format-time.ts";
import { runKeyed } from "../shared/run-keyed.ts";
import type { SharedInformers } from "../shared/shared-informers.ts";
import {
  type HealthBelief,
  isStatusChanged,
  judgeProbe,
  renderClusterStatus,
} from "./health-verdict.ts";
import { probeMember } from "./probe-member.ts";

// A status without changes is refreshed this often, so that `lastProbeTime` tells that probing goes on.
const refreshStatusMs = 60_000;
// CRDs come and go in members; nothing tells. Where a kind is missed, it is looked for at every probe.
const readServedEveryMs = 30_000;

/**
 * Probes every joined cluster once a period and writes its conditions; the derived clusters of its
 * cells get the same. A probe is also made at once when a connection changes or a member's watch breaks.
 */
export function createClusterController(deps: {
  readonly client: RestClient;
  readonly shared: SharedInformers;
  readonly pool: MemberPool;
  readonly settings: () => FederationSettings;
  readonly nowMs: () => number;
  readonly onError: ErrorReporter;
  readonly recorder: EventRecorder;
  readonly metrics: FederationMetrics;
  /** Tells when a cluster has to be looked at at once. */
  readonly onReachability?: (
    listener: (cluster: string, isReachable: boolean) => void,
  ) => Disposable;
}): Controller {
  const name = "cluster";
  const { shared, pool } = deps;
  const queue = new WorkQueue();
  const beliefs = new Map<string, HealthBelief>();
  const found = new Map<string, ClusterFinding>();
  const lasting = new LastingTrouble();
  const servedReadAtMs = new Map<string, number>();
  const gaugeJoined = (): void => {
    const joined = shared.clusters.list().filter((each) => cellOfCluster(each) === undefined);
    deps.metrics.joinedClusters.set({}, joined.length);
  };
  shared.clusters.addHandler({
    onAdd: (cluster) => queue.add(joinedClusterOf(cluster)),
    onDelete: ({ metadata: { name: gone = "" } }) => {
      beliefs.delete(gone);
      found.delete(gone);
      deps.metrics.forgetCluster(gone);
      gaugeJoined();
    },
  });
  pool.onChange((cluster, change) => {
    if (change === "served") return;
    beliefs.delete(cluster);
    servedReadAtMs.delete(cluster);
    queue.add(cluster);
  });
  // A type that is enabled may be of a kind that members have served only since a moment ago.
  const readServedAgain = (): void => {
    servedReadAtMs.clear();
    for (const { cluster } of pool.list()) queue.add(cluster);
  };
  shared.typeConfigs.addHandler({
    onAdd: readServedAgain,
    onUpdate: ({ metadata }, old) => {
      if (metadata.generation !== old.metadata.generation) readServedAgain();
    },
  });

  // What a member serves may be unreadable while it says that it is well: that is told, too.
  const refreshServed = async (cluster: string): Promise<void> => {
    try {
      await pool.refreshServed(cluster);
    } catch (error) {
      deps.onError(error, { controller: name, cluster });
    }
  };

  const reconcile = async (key: string): Promise<Outcome> => {
    const concerned = shared.clusters.list().filter((cluster) => joinedClusterOf(cluster) === key);
    if (!concerned.some(({ metadata }) => metadata.name === key)) return { kind: "done" };
    gaugeJoined();
    const { health, cacheSyncTimeoutMs, scope } = deps.settings();
    const startedMs = performance.now();
    await pool.whenOpened(key);
    const connection = pool.get(key);
    const probe = connection
      ? await probeMember(connection, { timeoutMs: health.timeoutMs, scope })
      : ({ kind: "malformed", message: pool.problemOf(key) ?? "" } as const);
    const seconds = (performance.now() - startedMs) / 1000;
    deps.metrics.healthSeconds.observe({}, seconds);
    if (!beliefs.has(key) && probe.kind === "healthy")
      deps.metrics.connectSeconds.observe({}, seconds);
    const belief = judgeProbe(beliefs.get(key) ?? { opposed: 0 }, probe, health);
    const wasReady = beliefs.get(key)?.accepted?.kind === "healthy";
    beliefs.set(key, belief);
    const { accepted = probe } = belief;
    const nowMs = deps.nowMs();
    if (accepted.kind === "healthy") {
      const isStale = nowMs - (servedReadAtMs.get(key) ?? 0) >= readServedEveryMs;
      // What it serves must be known before anything is written there.
      if (!wasReady || isStale || pool.lacksKind(key)) {
        await refreshServed(key);
        servedReadAtMs.set(key, nowMs);
      }
      if (!wasReady) connection?.wake();
    }
    const judged = lasting.judge(key, connection?.trouble(cacheSyncTimeoutMs), nowMs);
    const trouble = judged === "pending" ? found.get(key)?.trouble : judged;
    const finding = { probe: accepted, trouble };
    if (accepted.kind === "healthy") connection?.relistDoubted();
    const joined = concerned.find(({ metadata }) => metadata.name === key);
    if (joined) tellOfCluster(deps.recorder, joined, clusterEvents(found.get(key), finding));
    found.set(key, finding);
    gaugeCluster(deps.metrics, key, finding);
    await Promise.all(
      concerned.map(async (cluster) => {
        const nowIso = formatTime(nowMs);
        const status = renderClusterStatus(accepted, cluster.status, nowIso, finding.trouble);
        if (isDue(cluster, status, nowMs)) await writeStatus(deps, cluster, status);
      }),
    );
    // While a belief is being doubted, ask more often than once a period.
    const isDoubtful = belief.opposed > 0 || judged === "pending";
    const afterMs = isDoubtful ? Math.min(health.periodMs, 1000) : health.periodMs;
    return { kind: "recheck", afterMs };
  };

  return {
    name,
    run: async (signal) => {
      using _ = deps.onReachability?.((cluster, isReachable) => {
        // One that is back is believed at once; one that is gone may be so for a moment only.
        if (isReachable) beliefs.delete(cluster);
        queue.add(cluster);
      });
      await runKeyed(
        {
          name,
          informers: [],
          queue,
          reconcile,
          workers: 64,
          onError: deps.onError,
          metrics: deps.metrics.controllers,
        },
        signal,
      );
    },
  };
}

function isDue(cluster: KubeFedCluster, status: KubeFedClusterStatus, nowMs: number): boolean {
  if (isStatusChanged(cluster.status, status)) return true;
  const last = cluster.status?.conditions?.[0]?.lastProbeTime ?? "";
  return isClusterReady(cluster) && nowMs - Date.parse(last) >= refreshStatusMs;
}

async function writeStatus(
  deps: { readonly client: RestClient; readonly shared: SharedInformers },
  cluster: KubeFedCluster,
  status: KubeFedClusterStatus,
): Promise<void> {
  const { namespace = "", name = "" } = cluster.metadata;
  const path = { ...kubeFedClusters, namespace };
  // A status has one writer, so no precondition is needed; a fresh one wins over label edits.
  const patch = { type: "merge", body: { status }, subresource: "status" } as const;
  try {
    deps.shared.clusters.record((await deps.client.patch(path, name, patch)) as KubeFedCluster);
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
}
