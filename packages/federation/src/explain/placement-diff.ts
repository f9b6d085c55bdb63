import type { KubernetesObject } from "@cellplane/apimachinery";
import type { TopologyStatusName } from "../api/topology-status.ts";
import type { MemberObjectRef, SyncOperation } from "../plan/sync-plan.ts";
import type { ThreeWayDiff } from "./diff-member.ts";
import type { inspectApiVersion } from "./placement-explanation.ts";

/** Where the state to apply comes from. */
export type DiffBasis =
  /** The member's own dry run: what it would store. */
  | "ServerDryRun"
  /** The rendering, as the member could not be asked; its defaults are not in it. */
  | "LocalRendering"
  /** Nothing would be created or updated. */
  | "NoWrite";

/** One topology's object: as last written, as it is, and as it would be. */
export interface MemberDiff extends Omit<ThreeWayDiff, "lastWritten" | "live" | "toApply"> {
  readonly topology: string;
  readonly cluster: string;
  readonly kubeFedCluster: string;
  /** `null` where the topology is not known. */
  readonly target: Omit<MemberObjectRef, "resource"> | null;
  /** What would be done there if the mask let it. */
  readonly operation: SyncOperation["kind"];
  readonly inMask: boolean;
  /** As it is now. */
  readonly status: TopologyStatusName;
  readonly fromRevision: number | null;
  readonly toRevision: number;
  readonly basis: DiffBasis;
  /** What the reader should know: why nothing is written, or why the member was not asked. */
  readonly messages: readonly string[];
  readonly lastWritten: KubernetesObject | null;
  readonly live: KubernetesObject | null;
  readonly toApply: KubernetesObject | null;
}

/** What would change in the members if nothing held them. */
export interface PlacementDiff {
  readonly apiVersion: typeof inspectApiVersion;
  readonly kind: "PlacementDiff";
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly objectKind: string;
  readonly topologyType: string;
  readonly generation: number;
  readonly observedGeneration: number;
  /** The revision that is compared with. */
  readonly revision: number;
  readonly topologies: readonly MemberDiff[];
}
