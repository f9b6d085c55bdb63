import type { ProtobufMessages } from "@cellplane/apimachinery";
import type { ObjectAccess } from "../registry/object-access.ts";
import type { ResourceDefinition, ResourceVersion } from "../registry/resource.ts";
import type { ResourceRegistry } from "../registry/resource-registry.ts";
import type { ResourceStore, ResourceStores } from "../registry/resource-stores.ts";
import type { WriteAdmission } from "../registry/write-request.ts";
import type { AuthorizedRequest } from "../request/incoming-request.ts";
import type { WatchClock } from "./watch-clock.ts";

/** What the verbs stand on. */
export interface VerbDependencies {
  readonly registry: ResourceRegistry;
  readonly stores: ResourceStores;
  readonly objects: ObjectAccess;
  /** Admission for one request. */
  readonly admissionFor: (target: ResourceRequest, options: AdmissionOptions) => WriteAdmission;
  /** The messages of built-in kinds; absent: bodies and answers in JSON and YAML only. */
  readonly protobuf: ProtobufMessages | undefined;
  readonly clock: WatchClock;
  readonly nowMs: () => number;
}

/** What of a write admission is told beside the objects. */
export interface AdmissionOptions {
  /** The options object's kind: `CreateOptions`, … */
  readonly kind: string;
  readonly dryRun: boolean;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A request to a resource that is served. */
export interface ResourceRequest {
  readonly request: AuthorizedRequest;
  readonly definition: ResourceDefinition;
  readonly version: ResourceVersion;
  readonly store: ResourceStore;
  /** Absent for custom resources: they have no messages. */
  readonly protobuf: ProtobufMessages | undefined;
}
