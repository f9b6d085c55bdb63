import { isStatus } from "@cellplane/apimachinery";
import { abortableDelay, type RestClient } from "@cellplane/client";
import { kubefed, type KubeFedConfig } from "@cellplane/federation";
import type { Controller, ErrorReporter } from "../shared/controller.ts";
import { kubeFedConfigs } from "../shared/federation-resources.ts";
import { createElection, type Election, type LeaseTimings } from "./election.ts";
import { createKubeFedLock, type LockKind, readLeaseTimings } from "./kubefed-lock.ts";

/** What a leader-elected controller is given. */
export interface LeaderElectionDependencies {
  /** Not fenced: it renews the lease itself. */
  readonly client: RestClient;
  readonly systemNamespace: string;
  /** `undefined`: as KubeFedConfig's `leaderElect.resourceLock` says. */
  readonly lockKind?: LockKind;
  readonly identity: string;
  readonly nowMs: () => number;
  readonly onError: ErrorReporter;
  readonly onLeading: () => void;
  readonly onWaiting: (holder: string) => void;
}

/** What runs while this process leads; `isLeading` is for `fenceWrites`. */
export type LedController = (election: Pick<Election, "isLeading">) => Controller;

const readEveryMs = 10_000;

/** A controller that runs only while it holds KubeFed's lock. @throws {LeaseLostError} from `run`. */
export function createLeaderElectedController(
  deps: LeaderElectionDependencies,
  led: LedController,
): Controller {
  return {
    name: "leader-election",
    async run(signal) {
      const settings = new LeaseSettings(deps);
      await settings.read(signal);
      const { client, systemNamespace, onError } = deps;
      const lockKind = deps.lockKind ?? settings.lockKind;
      const election = createElection({
        lock: createKubeFedLock(client, { systemNamespace, lockKind }),
        identity: deps.identity,
        timings: () => settings.timings,
        monotonicMs: () => performance.now(),
        nowMs: deps.nowMs,
        delay: abortableDelay,
        onWaiting: deps.onWaiting,
        onError: (error) => onError(error, { controller: "leader-election" }),
      });
      await election.run(async (leading) => {
        deps.onLeading();
        const controller = led(election);
        await Promise.all([controller.run(leading), settings.follow(leading)]);
      }, signal);
    },
  };
}

/** The durations as KubeFedConfig has them; while it cannot be read, those last seen. */
class LeaseSettings {
  readonly #deps: Pick<LeaderElectionDependencies, "client" | "systemNamespace" | "onError">;
  #config: KubeFedConfig | undefined;

  constructor(deps: Pick<LeaderElectionDependencies, "client" | "systemNamespace" | "onError">) {
    this.#deps = deps;
  }

  get timings(): LeaseTimings {
    return readLeaseTimings(this.#config);
  }

  get lockKind(): LockKind {
    return this.#config?.spec.leaderElect?.resourceLock === "endpoints"
      ? "endpoints"
      : "configmaps";
  }

  async read(signal: AbortSignal): Promise<void> {
    const { client, systemNamespace: namespace, onError } = this.#deps;
    try {
      const path = { ...kubeFedConfigs, namespace };
      this.#config = (await client.get(path, kubefed.configName, signal)) as KubeFedConfig;
    } catch (error) {
      if (signal.aborted || isStatus(error, "NotFound")) return;
      onError(error, { controller: "leader-election" });
    }
  }

  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await abortableDelay(readEveryMs, signal);
      if (!signal.aborted) await this.read(signal);
    }
  }
}
