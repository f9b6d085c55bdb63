import type { RestClient } from "@cellplane/client";
import { kubefed, planSync } from "@cellplane/federation";
import { createCellController } from "./cell/cell-controller.ts";
import { createClusterController } from "./cluster/cluster-controller.ts";
import { createDependencyController } from "./dependencies/dependency-controller.ts";
import { ApiEventRecorder } from "./events/api-event-recorder.ts";
import { Inspector } from "./inspect/inspector.ts";
import { type ConnectMember, MemberPool } from "./members/member-pool.ts";
import type { OpenSecret } from "./members/sealed-secrets.ts";
import { FederationMetrics } from "./metrics/federation-metrics.ts";
import { createQuotaController } from "./quota/quota-controller.ts";
import { createSchedulingController } from "./scheduling/scheduling-controller.ts";
import type { Controller, ErrorReporter } from "./shared/controller.ts";
import { readFederationSettings } from "./shared/federation-settings.ts";
import { allInformers, createSharedInformers } from "./shared/shared-informers.ts";
import type { FederatedNamespaces, PlanSync } from "./sync/sync-dependencies.ts";
import { createTombstoneController } from "./tombstone/tombstone-controller.ts";
import { RunningTypes } from "./type-config/running-types.ts";
import { createTypeConfigController } from "./type-config/type-config-controller.ts";

/** What the federation's controllers are given. */
export interface FederationControllerDependencies {
  readonly client: RestClient;
  /** Reaches a member: directly, or through a tunnel. */
  readonly connect: ConnectMember;
  /** Opens sealed member credentials. */
  readonly openSecret?: OpenSecret;
  /** Tells of clusters that have become reachable or are so no longer, e.g. as their agents come and go. */
  readonly onReachability?: SubscribeReachability;
  readonly controlPlaneId: string;
  readonly systemNamespace?: string;
  /** Instead of `planSync`: for tests that plant a mistake and see it found. */
  readonly plan?: PlanSync;
  readonly nowMs: () => number;
  readonly onError: ErrorReporter;
  /** Where what is done is counted; given where it is exposed. */
  readonly metrics?: FederationMetrics;
  /** Through which it can be asked what the controllers know, while they run; one of its own otherwise. */
  readonly inspector?: Inspector;
}

/** Has a listener told of clusters that can be reached now, or can no longer. */
export type SubscribeReachability = (
  listener: (cluster: string, isReachable: boolean) => void,
) => Disposable;

/** All controllers of the federation as one: they share informers and connections. */
export function createFederationControllers(
  deps: FederationControllerDependencies,
): Controller & { readonly inspector: Inspector } {
  const name = "federation";
  const systemNamespace = deps.systemNamespace ?? kubefed.systemNamespace;
  const { client, connect, controlPlaneId, nowMs, onError } = deps;
  const metrics = deps.metrics ?? new FederationMetrics();
  const inspector = deps.inspector ?? new Inspector();
  const shared = createSharedInformers({ client, systemNamespace, onError });
  const settings = (): ReturnType<typeof readFederationSettings> =>
    readFederationSettings(shared.configs.get(`${systemNamespace}/${kubefed.configName}`));

  return {
    name,
    inspector,
    async run(signal) {
      await using pool = new MemberPool({
        shared,
        connect,
        systemNamespace,
        onError,
        settings,
        metrics,
        ...(deps.openSecret === undefined ? {} : { openSecret: deps.openSecret }),
      });
      const recorder = new ApiEventRecorder({ client, nowMs, outcomes: metrics.events });
      const world = { client, shared, pool, settings, systemNamespace };
      const common = { ...world, nowMs, onError, recorder, metrics };
      const plan = deps.plan ?? planSync;
      const types = new RunningTypes({ shared, systemNamespace });
      const federatedNamespaces = (): FederatedNamespaces => types.federatedNamespaces();
      const synced = { ...common, controlPlaneId, plan, types, federatedNamespaces };
      const typeConfigs = createTypeConfigController(synced);
      const controllers = [
        createClusterController({
          ...common,
          ...(deps.onReachability ? { onReachability: deps.onReachability } : {}),
        }),
        createCellController(common),
        createTombstoneController(common),
        typeConfigs,
        createSchedulingController(synced),
        createQuotaController(synced),
        createDependencyController(synced),
      ];
      using _ = inspector.open({
        pool,
        shared,
        plan,
        syncOf: (federated) => typeConfigs.syncOf(federated),
      });
      const informers = allInformers(shared);
      const running = informers.map((informer) => informer.run(signal));
      // Nothing may be decided from caches that are not in.
      await Promise.all(informers.map((informer) => informer.waitForSync(signal)));
      running.push(recorder.run(signal));
      await Promise.all([...running, ...controllers.map((controller) => controller.run(signal))]);
    },
  };
}
