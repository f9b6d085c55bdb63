import type { KubernetesObject } from "@cellplane/apimachinery";
import type { UserInfo } from "../request/user.ts";
import type { WriteCondition } from "../storage/object-storage.ts";
import type { HeldGuards } from "./write-guards.ts";
import type { ResourceDefinition, ResourceVersion, StrategyContext } from "./resource.ts";
import type { ResourceStore } from "./resource-stores.ts";

/** One write to one resource, decoded and authorized. */
export interface WriteRequest {
  /** The resource of the request. */
  readonly definition: ResourceDefinition;
  /** Where its objects are; that of another resource for an alias (events.k8s.io). */
  readonly store: ResourceStore;
  /** The version in which the object came and is answered. */
  readonly version: ResourceVersion;
  readonly namespace: string;
  /** From the URL; empty for a create. */
  readonly name: string;
  /** `""`, `status`, `scale`, … */
  readonly subresource: string;
  readonly user: UserInfo;
  readonly nowMs: number;
  readonly dryRun: boolean;
  /** Whether a status that comes with a new object is kept. */
  readonly createsStatus?: boolean;
  readonly warn: (text: string) => void;
  readonly admission: WriteAdmission;
  readonly signal: AbortSignal;
}

/** The change that admission is asked about, in the request's version. */
export interface AdmittedChange {
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  readonly name: string;
  readonly object?: KubernetesObject;
  readonly oldObject?: KubernetesObject;
}

/** Admission, as a write sees it. Both refuse by throwing a `StatusError`. */
export interface WriteAdmission {
  /** The object as the plug-ins want it; the same one where they change nothing. */
  readonly mutate: (
    change: AdmittedChange & { readonly object: KubernetesObject },
  ) => Promise<KubernetesObject> | KubernetesObject;
  readonly validate: (change: AdmittedChange) => Promise<void> | void;
  /** What the write depends on by what admission has decided; released after each attempt. */
  readonly guards?: HeldGuards;
  /** Told what became of a creation that `validate` was asked about. */
  readonly settle?: (change: AdmittedChange, outcome: SettledOutcome) => void;
}

/** `unknown`: the store did not say whether it has the object. */
export type SettledOutcome = "stored" | "failed" | "unknown";

/** Lets everything pass: for the server's own writes. */
export const noAdmission: WriteAdmission = {
  mutate: ({ object }) => object,
  validate: () => undefined,
};

/** What a write has made, in the request's version, with its resourceVersion (none for a dry-run create). */
export interface WriteResult {
  readonly kind: "created" | "updated" | "unchanged" | "deleted";
  readonly object: KubernetesObject;
}

/** What the strategy may know of a write. */
export function strategyContext(request: WriteRequest): StrategyContext {
  return {
    user: request.user,
    version: request.version.version,
    subresource: request.subresource,
    nowMs: request.nowMs,
    createsStatus: request.createsStatus === true,
  };
}

/** What must hold for a write to what was read. */
export function conditionOf(
  { signal, admission }: WriteRequest,
  { revision }: { readonly revision: number },
): WriteCondition {
  const guards = admission.guards?.all ?? [];
  return { expect: revision, signal, guards };
}
