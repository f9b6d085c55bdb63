import type { HeldPolicy } from "../api/federated-object.ts";
import type { PropagationReason, TopologyStatusName } from "../api/topology-status.ts";
import type { TopologySelection } from "../api/topology-view.ts";
import type { SyncOperation } from "../plan/sync-plan.ts";

/** The API version of everything that inspection answers. */
export const inspectApiVersion = "inspect.cellplane.io/v1alpha1";

/** What decided that a topology is in placement, or is not. */
export type PlacedRule =
  | "Named"
  | "NotNamed"
  | "SelectorMatches"
  | "SelectorDoesNotMatch"
  /** Neither names nor a selector are given. */
  | "NoPlacement"
  | "NamespaceExcludes"
  | "NamespaceNotFederated"
  /** It does not exist, or is another tenant's: the two are not told apart. */
  | "NotKnown"
  /** No placement can be computed. */
  | "Undecided";

/** What decided that a topology may be written to now, or may not. */
export type MaskRule =
  | "NoMask"
  | "HoldsAll"
  | "Named"
  | "NotNamed"
  | "SelectorMatches"
  | "SelectorDoesNotMatch"
  /** The feature gate `PlacementMask` is off. */
  | "MasksOff"
  /** A deletion goes everywhere. */
  | "Deletion";

/** The last write to a member, as far as it is remembered. Times are RFC 3339. */
export interface LastWrite {
  readonly time: string;
  /** `apply` where only the ledger tells: a create or an update. */
  readonly operation: Exclude<SyncOperation["kind"], "none"> | "apply";
  readonly result: "Succeeded" | "Failed" | "TimedOut";
  readonly message: string;
}

/** Patches of one entry of `spec.overrides` that a topology gets. */
export interface AppliedOverride {
  readonly paths: readonly string[];
  /** `topologyName rz00a`, or `topologySelector unit=rz00`. */
  readonly selectedBy: string;
  /** `scheduler` where a scheduler wrote it. */
  readonly source?: string;
}

/** Why one topology on one cluster is as it is, and what happens next. */
export interface TopologyExplanation {
  readonly topology: string;
  /** The joined cluster; `""` where the topology is not known. */
  readonly cluster: string;
  readonly kubeFedCluster: string;
  readonly placed: { readonly value: boolean; readonly rule: PlacedRule };
  readonly mask: {
    readonly inMask: boolean;
    readonly rule: MaskRule;
    readonly heldPolicy: HeldPolicy | null;
  };
  /** `null`: nothing is known to stand there. */
  readonly revision: number | null;
  /** Of the federated object, when the member was last written. */
  readonly memberGeneration: number | null;
  readonly behind: number;
  readonly drifted: boolean;
  /** JSON pointer of a field that the member changed within our own write; `null`: none is known. */
  readonly storedOtherwise: string | null;
  readonly overrides: readonly AppliedOverride[];
  /** What the controller does now. */
  readonly operation: SyncOperation["kind"];
  readonly status: TopologyStatusName;
  /** The plan's own sentence. */
  readonly reason: string;
  readonly lastWrite: LastWrite | null;
  readonly waitsFor: string | null;
  readonly sentences: readonly string[];
}

/** Why a federated object is where it is: the plan of its controller, in words. */
export interface PlacementExplanation {
  readonly apiVersion: typeof inspectApiVersion;
  readonly kind: "PlacementExplanation";
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly objectKind: string;
  readonly topologyType: string;
  readonly generation: number;
  readonly observedGeneration: number;
  readonly currentRevision: number;
  readonly desiredRevision: number;
  /** `spec.placementMask`, in the topology view; `null` where there is none. */
  readonly mask: (TopologySelection & { readonly heldPolicy: HeldPolicy }) | null;
  readonly deleting: boolean;
  /** Why the whole could not be planned, or `""`. */
  readonly reason: PropagationReason;
  readonly message: string;
  readonly warnings: readonly string[];
  readonly topologies: readonly TopologyExplanation[];
}
