import { abortableDelay, type RestClient } from "@cellplane/client";
import type { PropagatedVersion } from "@cellplane/federation";
import type { ControlPlaneState } from "./control-plane-state.ts";
import { ledgerPath } from "./import-objects.ts";
import { ledgerNameOf, type MigrationItem } from "./plan-migration.ts";

const pollMs = 500;

/**
 * Waits until the control plane has taken the members' copies into its own ledger, which it does
 * only where they are in step. Returns the items that it has confirmed, once all are or no more
 * came for `patienceMs`.
 */
export async function confirmLedgers(
  items: readonly MigrationItem[],
  here: ControlPlaneState,
  { patienceMs, tell }: { readonly patienceMs: number; readonly tell: (text: string) => void },
): Promise<readonly MigrationItem[]> {
  let confirmed: readonly MigrationItem[] = [];
  let lastProgress = performance.now();
  for (;;) {
    const ledgers = await readLedgers(here.client);
    const now = items.filter((item) => isConfirmed(item, ledgers));
    if (now.length > confirmed.length) lastProgress = performance.now();
    confirmed = now;
    tell(`${confirmed.length} of ${items.length}`);
    if (confirmed.length === items.length) return confirmed;
    if (performance.now() - lastProgress > patienceMs) return confirmed;
    await abortableDelay(pollMs, AbortSignal.timeout(pollMs * 2));
  }
}

type Ledgers = ReadonlyMap<string, PropagatedVersion>;

async function readLedgers(client: RestClient): Promise<Ledgers> {
  const { namespace: _, ...everywhere } = ledgerPath("");
  const [namespaced, cluster] = await Promise.all([
    client.list(everywhere),
    client.list(ledgerPath(undefined)),
  ]);
  return new Map(
    [...namespaced.items, ...cluster.items].map((ledger) => {
      const { namespace = "", name = "" } = ledger.metadata;
      return [`${namespace}/${name}`, ledger] as const;
    }),
  );
}

function isConfirmed(item: MigrationItem, ledgers: Ledgers): boolean {
  if (item.verdict.kind !== "inStep") return false;
  const { namespace = "" } = item.source.object.metadata;
  const ledger = ledgers.get(`${namespace}/${ledgerNameOf(item)}`);
  const entries = ledger?.status?.clusterVersions ?? [];
  const known = new Set(
    entries.flatMap(({ clusterName, hash = "" }) => (hash === "" ? [] : [clusterName])),
  );
  return item.verdict.members.every((member) => known.has(member));
}
