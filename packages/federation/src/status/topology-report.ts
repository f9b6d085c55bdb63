import type { JsonValue } from "@cellplane/apimachinery";
import type { TopologyStatusName } from "../api/topology-status.ts";

/** What a reconcile found out about one topology on one cluster. */
export interface TopologyReport {
  /** The KubeFedCluster. */
  readonly member: string;
  readonly topology: string;
  /** The joined cluster; absent where the topology does not exist. */
  readonly cluster?: string;
  readonly inPlacement: boolean;
  readonly status: TopologyStatusName;
  readonly message: string;
  readonly revision?: number;
  readonly behind: number;
  readonly drifted: boolean;
  readonly remoteStatus?: JsonValue;
}
