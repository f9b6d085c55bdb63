import type { Logger } from "@cellplane/apiserver";
import type { RestClient } from "@cellplane/client";
import {
  type Controller,
  createFederationControllers,
  createLeaderElectedController,
  type ErrorReporter,
  fenceWrites,
  type FederationControllerDependencies,
  type LockKind,
} from "@cellplane/controllers";
import { kubefed } from "@cellplane/federation";
import type { Tunnel } from "../tunnel/open-tunnel.ts";
import { connectMember } from "./connect-member.ts";

/** What the federation's controllers are given, where they run only while they lead. */
export interface LedFederationDependencies {
  readonly client: RestClient;
  readonly controlPlaneId: string;
  readonly systemNamespace?: string;
  /** `undefined`: as KubeFedConfig says. */
  readonly lockKind?: LockKind;
  /** Who this candidate is. */
  readonly identity: string;
  readonly logger: Logger;
  readonly onError: ErrorReporter;
  /** Where members that can only dial out are reached. */
  readonly tunnel?: Pick<Tunnel, "dial" | "onReachability">;
  /** Overrides of what the controllers are given. */
  readonly settings?: Partial<FederationControllerDependencies>;
  /** What else runs while this process leads. */
  readonly beside?: (client: RestClient) => readonly Controller[];
}

/**
 * The federation's controllers under KubeFed's lock: they start when it is held, and not one of
 * their writes starts once it may be lost. `run` then rejects, for the process to end.
 */
export function createLedFederation(deps: LedFederationDependencies): Controller {
  const { client, identity, logger, onError } = deps;
  const systemNamespace = deps.systemNamespace ?? kubefed.systemNamespace;
  const place = `${systemNamespace}/${kubefed.leaderElectionName}`;
  return createLeaderElectedController(
    {
      client,
      systemNamespace,
      identity,
      nowMs: Date.now,
      onError,
      ...(deps.lockKind === undefined ? {} : { lockKind: deps.lockKind }),
      onLeading: () => logger.info({ identity, lock: place }, "promoted as leader"),
      onWaiting: (holder) =>
        logger.warn({ holder, lock: place }, "waiting for the lock that another process holds"),
    },
    (election) => {
      const isLeading = (): boolean => election.isLeading();
      const fenced = fenceWrites(client, isLeading);
      const federation = createFederationControllers({
        client: fenced,
        controlPlaneId: deps.controlPlaneId,
        systemNamespace,
        nowMs: Date.now,
        onError,
        connect: (cluster, credentials, token) => {
          const { tunnel } = deps;
          return fenceWrites(connectMember(cluster, credentials, { token, tunnel }), isLeading);
        },
        ...(deps.tunnel ? { onReachability: deps.tunnel.onReachability } : {}),
        ...deps.settings,
      });
      const all = [federation, ...(deps.beside?.(fenced) ?? [])];
      return {
        name: "federation",
        run: async (signal) => {
          await Promise.all(all.map((controller) => controller.run(signal)));
        },
      };
    },
  );
}
