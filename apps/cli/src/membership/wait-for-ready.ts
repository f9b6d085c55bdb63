import { isJsonArray, isJsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import type { RestClient } from "@cellplane/client";
import { CliError } from "../program/cli-error.ts";
import { kubeFedClusters } from "./system-namespace.ts";

/** What is waited for. */
export interface ReadyWait {
  readonly name: string;
  readonly timeoutMs: number;
  /** Nothing is taken back where it does not become Ready in time. */
  readonly staysJoined: boolean;
}

/** Waits, by watch, until the cluster is Ready; tells the reason while it is not. */
export async function waitForReady(
  controlPlane: RestClient,
  { name, timeoutMs, staysJoined }: ReadyWait,
  tell: (text: string) => void,
): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs);
  let last = "no controller has looked at it yet";
  try {
    while (!signal.aborted) {
      const query = { fieldSelector: `metadata.name=${name}` };
      for await (const { object } of controlPlane.watch(kubeFedClusters, query, signal)) {
        const state = readiness(object);
        if (state.isReady) return;
        last = state.reason ?? last;
        tell(last);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  const outlook = staysJoined
    ? `; it stays joined and is Ready as soon as that is mended: "cellplane unjoin ${name}" takes it out`
    : "";
  throw new CliError(
    `Cluster "${name}" did not become Ready within ${timeoutMs / 1000} s: ${last}${outlook}`,
  );
}

/** Whether a KubeFedCluster is Ready, and if not, why. */
export function readiness(cluster: KubernetesObject): {
  readonly isReady: boolean;
  readonly reason: string | undefined;
} {
  const status = cluster["status"];
  const list = isJsonObject(status) ? status["conditions"] : undefined;
  const conditions = (isJsonArray(list) ? list : []).filter(isJsonObject);
  const isReady = conditions.some((each) => each["type"] === "Ready" && each["status"] === "True");
  const problem = conditions.find((each) => each["type"] !== "Ready" && each["status"] === "True");
  const told = problem ?? conditions.find((each) => each["type"] === "Ready");
  const message = told?.["message"] ?? told?.["reason"];
  return { isReady, reason: typeof message === "string" ? message : undefined };
}
