import type { KubernetesObject } from "@cellplane/apimachinery";
import type { RestClient } from "@cellplane/client";
import { CliError } from "../program/cli-error.ts";
import type { FederatedTarget } from "./find-federated.ts";

/**
 * Waits, by watch, until the controller has observed a generation: from then on no write outside
 * that generation's mask starts or is in flight. Tells so where it takes longer than a second.
 */
export async function waitForObserved(
  controlPlane: RestClient,
  { path, name }: FederatedTarget,
  { written, timeoutMs }: { readonly written: KubernetesObject; readonly timeoutMs: number },
): Promise<void> {
  const { generation = 0 } = written.metadata;
  let seen = observedIn(written);
  if (seen >= generation) return;
  const signal = AbortSignal.timeout(timeoutMs);
  const telling = setTimeout(() => {
    process.stderr.write(
      `Waiting until the controllers have observed generation ${generation}; they are at ${seen} …\n`,
    );
  }, 1000);
  try {
    while (!signal.aborted) {
      const query = { fieldSelector: `metadata.name=${name}` };
      for await (const { type, object } of controlPlane.watch(path, query, signal)) {
        if (type === "DELETED") throw new CliError(`"${name}" was deleted meanwhile`);
        seen = observedIn(object);
        if (seen >= generation) return;
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearTimeout(telling);
  }
  throw new CliError(
    `It is written, but was not observed within ${timeoutMs / 1000} s: generation ${generation} is asked for, ${seen} observed. Writes of the mask before may still be in flight`,
  );
}

function observedIn({ status }: KubernetesObject): number {
  const observed = (status as { readonly observedGeneration?: unknown } | undefined)
    ?.observedGeneration;
  return typeof observed === "number" ? observed : 0;
}
