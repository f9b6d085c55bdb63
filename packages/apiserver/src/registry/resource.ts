import type {
  FieldError,
  GroupResource,
  GroupVersionKind,
  JsonObject,
  KubernetesObject,
  SchemaNode,
} from "@cellplane/apimachinery";
import type { UserInfo } from "../request/user.ts";
import type { ObjectAccess } from "./object-access.ts";

/** One column of a Table answer. */
export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** 0 is always shown, above only with `-o wide`. */
  readonly priority: number;
}

/** How one version of a resource is printed as a Table. */
export interface TablePrinter {
  readonly columns: readonly TableColumn[];
  /** The cells of one object, in the order of the columns. `nowMs` is for ages. */
  readonly cells: (
    object: KubernetesObject,
    nowMs: number,
  ) => readonly (string | number | boolean | null)[];
}

/** Where a resource keeps what `scale` reads and writes: JSON paths such as `.spec.replicas`. */
export interface ScalePaths {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath?: string;
}

/** One served (or only stored) version of a resource. */
export interface ResourceVersion {
  readonly version: string;
  readonly served: boolean;
  /** Compiled once. */
  readonly schema: SchemaNode;
  /** The schema as published in OpenAPI v3: `components.schemas` entry and what it refers to. */
  readonly openApi: () => PublishedSchema;
  readonly printer: TablePrinter;
  readonly hasStatus: boolean;
  readonly scale?: ScalePaths;
  /** Field selectors beyond `metadata.name` and `metadata.namespace`: JSON paths without the leading dot. */
  readonly selectableFields: readonly string[];
  /** The text of the `Warning` header of a deprecated version. */
  readonly deprecationWarning?: string;
}

/** A schema and its transitive closure, by definition name such as `io.k8s.api.core.v1.ConfigMap`. */
export interface PublishedSchema {
  readonly name: string;
  readonly definitions: Readonly<Record<string, JsonObject>>;
}

/** What a strategy may know of the request. */
export interface StrategyContext {
  readonly user: UserInfo;
  readonly version: string;
  /** `""`, `status`, `scale` or the subresource's name. */
  readonly subresource: string;
  readonly nowMs: number;
  /** Whether a status that comes with a new object is kept. */
  readonly createsStatus?: boolean;
}

/**
 * What differs by kind: pure functions over objects in the *request's* version
 * (`design/apiserver.md` §1). Generic metadata rules (names, labels, uid, generation bumps,
 * managedFields, finalizers, deletion) are the registry's and never a strategy's.
 */
export interface ResourceStrategy {
  /** Whether `metadata.generation` is kept for this kind. */
  readonly tracksGeneration: boolean;
  /** Whether a PUT without resourceVersion is accepted. */
  readonly allowsUnconditionalUpdate: boolean;
  /** Whether a PUT or apply of a missing object creates it. */
  readonly allowsCreateOnUpdate: boolean;
  /** The error of a bad name, or nothing. `prefix` is true for a `generateName`. */
  readonly validateName: (name: string, prefix: boolean) => string | undefined;
  /** Defaults beyond the schema's. Must be idempotent. */
  readonly defaults?: (object: KubernetesObject) => KubernetesObject;
  readonly prepareForCreate?: (
    object: KubernetesObject,
    context: StrategyContext,
  ) => KubernetesObject;
  readonly prepareForUpdate?: (
    object: KubernetesObject,
    old: KubernetesObject,
    context: StrategyContext,
  ) => KubernetesObject;
  readonly validate?: (object: KubernetesObject, context: StrategyContext) => readonly FieldError[];
  readonly validateUpdate?: (
    object: KubernetesObject,
    old: KubernetesObject,
    context: StrategyContext,
  ) => readonly FieldError[];
  readonly warnings?: (
    object: KubernetesObject,
    old: KubernetesObject | undefined,
  ) => readonly string[];
  /** Values of `selectableFields` that are not plain paths, e.g. defaults of absent ones. */
  readonly fieldValue?: (object: KubernetesObject, field: string) => string | undefined;
  /** What deletion does by default: `background`, or `orphan` for the few old kinds. */
  readonly defaultPropagation?: "background" | "orphan";
  /** What DELETE does differently for this kind. */
  readonly deletion?: DeletionRules;
}

/** Deletion beyond finalizers: Namespaces wait for `spec.finalizers`, Pods for their grace period. */
export interface DeletionRules {
  /** Whether the object stays after DELETE although it has no `metadata.finalizers`. */
  readonly holds?: (object: KubernetesObject) => boolean;
  /** What DELETE writes beside `deletionTimestamp`, where the object stays: `status.phase`. */
  readonly prepare?: (object: KubernetesObject) => KubernetesObject;
  /**
   * The grace period in seconds; above 0 the object stays, with a `deletionTimestamp` that far
   * ahead, until it is deleted with 0. Absent: 0.
   */
  readonly gracePeriodSeconds?: (object: KubernetesObject, requested: number | undefined) => number;
  /** Whether the answer is the object even where it is gone at once (else a `Status`). */
  readonly answersObject?: boolean;
}

/** `(object, to) → object`, in process or by webhook; called with many at a time. Order is kept. */
export type ObjectConverter = (
  objects: readonly KubernetesObject[],
  toVersion: string,
  signal?: AbortSignal,
) => Promise<readonly KubernetesObject[]>;

/**
 * A conversion in process: pure, total on valid objects, never a look-up. Where a definition has
 * one, encoded forms of it may be cached.
 */
export type SyncConverter = (object: KubernetesObject, toVersion: string) => KubernetesObject;

/** How objects of one resource get from version to version. `none` changes `apiVersion` only. */
export type ResourceConversion =
  | { readonly kind: "none" }
  | { readonly kind: "inProcess"; readonly convert: SyncConverter }
  | { readonly kind: "webhook"; readonly convert: ObjectConverter };

/** A resource as data: built-in kinds are table rows, CRDs yield one, and nothing else differs. */
export interface ResourceDefinition {
  readonly group: string;
  /** Plural: `configmaps`. */
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** In the order of preference (highest first), as discovery lists them. */
  readonly versions: readonly ResourceVersion[];
  readonly storageVersion: string;
  readonly conversion: ResourceConversion;
  readonly strategy: ResourceStrategy;
  /** Verbs served on the main resource, in the order that discovery prints. */
  readonly verbs: readonly string[];
  readonly origin: "builtin" | "crd";
  /** Stands for the definition's content: changes whenever anything that shapes an answer changes. */
  readonly etag: string;
  /** Subresources beyond status and scale, e.g. `token` of serviceaccounts. */
  readonly subresources: readonly SubresourceDefinition[];
  /** Answers `create` in place of the store (SubjectAccessReview, TokenReview, …): nothing is stored. */
  readonly virtual?: ObjectHandler;
  /**
   * Stored as, and watched through, another resource: events.k8s.io events are core events. Reads
   * convert the stored object by this definition's `conversion` (`toVersion` is one of this
   * group's), writes by the other's before they are stored. Selectors apply to the converted form.
   */
  readonly aliasOf?: GroupResource;
  /** Writes are refused with 405 / nothing is stored while this is false (a terminating CRD). */
  readonly acceptsCreates: boolean;
}

/** What a subresource's or a virtual resource's handler is given; authorized, body decoded and validated. */
export interface HandlerRequest {
  readonly verb: "create" | "get" | "update" | "patch";
  readonly namespace: string;
  /** Empty for a virtual resource. */
  readonly name: string;
  readonly version: string;
  readonly object: KubernetesObject | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  readonly objects: ObjectAccess;
  readonly signal: AbortSignal;
}

/** Answers 201 to `create`, 200 else, with the object. Refuses by throwing a `StatusError`. */
export type ObjectHandler = (request: HandlerRequest) => Promise<KubernetesObject>;

/** A subresource with a handler of its own, e.g. `token` of serviceaccounts. */
export interface SubresourceDefinition {
  readonly name: string;
  readonly gvk: GroupVersionKind;
  readonly verbs: readonly string[];
  /** Schema of the body, for decoding and validation. */
  readonly schema: SchemaNode;
  readonly handle: ObjectHandler;
}
