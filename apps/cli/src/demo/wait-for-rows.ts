import type { KubernetesObject } from "@cellplane/apimachinery";
import { abortableDelay, type RestClient } from "@cellplane/client";
import { type CellRow, readRows } from "./cell-table.ts";
import { federatedDeployments } from "./control-plane-objects.ts";

const pollMs = 100;

/** Rows, and what is still not as it should be. */
export interface RowsOutcome {
  readonly rows: readonly CellRow[];
  readonly differences: readonly string[];
}

/** Reads the rows until `judge` finds nothing amiss, or the time is over. */
export async function waitForRows(
  deps: {
    readonly controlPlane: RestClient;
    readonly members: ReadonlyMap<string, RestClient>;
    readonly app: string;
    readonly timeoutMs: number;
  },
  judge: (rows: readonly CellRow[], object: KubernetesObject) => readonly string[],
): Promise<RowsOutcome> {
  const signal = AbortSignal.timeout(deps.timeoutMs);
  for (;;) {
    const object = await deps.controlPlane.get(federatedDeployments, deps.app);
    const rows = await readRows(object, deps.members);
    const differences = judge(rows, object);
    if (differences.length === 0 || signal.aborted) return { rows, differences };
    await abortableDelay(pollMs, signal);
  }
}
