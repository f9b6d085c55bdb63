import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ClusterVersion, PropagatedVersionStatus } from "../api/propagated-version.ts";
import type { MemberName } from "../placement/select-members.ts";

/** What one member was last brought to. */
export type LedgerEntry = Omit<ClusterVersion, "clusterName">;

/** `(object, member) → revision` of one federated object. */
export interface Ledger {
  readonly entries: ReadonlyMap<MemberName, LedgerEntry>;
  /** KubeFed's hashes that its entries (those without `hash`) were written with. */
  readonly templateVersion: string;
  readonly overridesVersion: string;
}

/** The ledger of an object that was never written. */
export const emptyLedger: Ledger = {
  entries: new Map(),
  templateVersion: "",
  overridesVersion: "",
};

/** The ledger as a PropagatedVersion's status has it. */
export function readLedger(status: PropagatedVersionStatus | undefined): Ledger {
  if (status === undefined) return emptyLedger;
  const { templateVersion, overridesVersion, clusterVersions = [] } = status;
  const entries = clusterVersions.map(({ clusterName, ...entry }) => [clusterName, entry] as const);
  return { entries: new Map(entries), templateVersion, overridesVersion };
}

/** The status of the PropagatedVersion: entries in the order of their clusters' names. */
export function writeLedger(ledger: Ledger): PropagatedVersionStatus {
  const sorted = Array.from(ledger.entries).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    templateVersion: ledger.templateVersion,
    overridesVersion: ledger.overridesVersion,
    clusterVersions: sorted.map(([clusterName, entry]) => ({ clusterName, ...entry })),
  };
}

/** KubeFed's version of a member object: by generation, or by resourceVersion where it has none. */
export function memberVersionOf({ metadata }: KubernetesObject): string {
  const { generation = 0, resourceVersion = "" } = metadata;
  return generation === 0 ? `rv:${resourceVersion}` : `gen:${generation}`;
}
