import {
  isJsonObject,
  isStatus,
  type KubernetesObject,
  parseJson,
  stringifyJson,
} from "@cellplane/apimachinery";
import type { Informer, ResourcePath, RestClient } from "@cellplane/client";
import {
  type FederatedObject,
  type FederatedRevision,
  type FederatedRevisionSpec,
  type Revision,
  revisionSecretType,
} from "@cellplane/federation";
import { clusterFederatedRevisions, federatedRevisions } from "../shared/federation-resources.ts";
import { secrets } from "../shared/resources.ts";
import { byOwnerUid, type SharedInformers } from "../shared/shared-informers.ts";
import { ownerReferenceTo } from "./owner-reference.ts";
import type { SyncedType } from "./sync-dependencies.ts";

const contentKey = "revision";

interface RevisionPlace {
  readonly path: ResourcePath;
  readonly informer: Informer;
  readonly render: (revision: Revision) => Pick<KubernetesObject, "metadata">;
  readonly read: (object: KubernetesObject) => FederatedRevisionSpec | undefined;
}

/** The kept revisions of a federated object, from the cache. */
export function revisionsOf(
  object: FederatedObject,
  type: SyncedType,
  shared: SharedInformers,
): readonly Revision[] {
  const { informer, read } = placeOf(object, type, shared);
  return informer
    .byIndex(byOwnerUid, object.metadata.uid ?? "")
    .map(read)
    .filter((spec) => spec !== undefined)
    .map(({ revision, hash, template, overrides }) => ({
      number: revision,
      hash,
      template,
      overrides,
    }));
}

/** Stores a new revision, before anything of it is written to a member. */
export async function storeRevision(
  object: FederatedObject,
  type: SyncedType,
  revision: Revision,
  deps: { readonly client: RestClient; readonly shared: SharedInformers },
  signal: AbortSignal,
): Promise<void> {
  const { path, informer, render } = placeOf(object, type, deps.shared);
  const { metadata, ...content } = render(revision);
  const { namespace } = object.metadata;
  const whole = {
    ...content,
    metadata: {
      ...metadata,
      name: nameOf(object, type, revision.number),
      ...(namespace === undefined ? {} : { namespace }),
      ownerReferences: [ownerReferenceTo(object)],
    },
  };
  try {
    informer.record(await deps.client.create(path, whole, {}, signal));
  } catch (error) {
    // Written before a restart: the watch brings it, and the reconcile then begins anew.
    if (!isStatus(error, "AlreadyExists")) throw error;
    informer.record(await deps.client.get(path, whole.metadata.name, signal));
  }
}

/** Removes a revision that is to be kept no longer. */
export async function removeRevision(
  object: FederatedObject,
  type: SyncedType,
  number: number,
  deps: { readonly client: RestClient; readonly shared: SharedInformers },
  signal: AbortSignal,
): Promise<void> {
  const { path } = placeOf(object, type, deps.shared);
  try {
    await deps.client.delete(path, nameOf(object, type, number), {}, signal);
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
}

function nameOf(object: FederatedObject, type: SyncedType, number: number): string {
  return `${type.typeConfig.targetType.kind.toLowerCase()}-${object.metadata.name ?? ""}-${number}`;
}

function placeOf(
  object: FederatedObject,
  type: SyncedType,
  shared: SharedInformers,
): RevisionPlace {
  const { namespace } = object.metadata;
  const { kind, group = "" } = type.typeConfig.targetType;
  if (kind === "Secret" && group === "" && namespace !== undefined) {
    return {
      path: { ...secrets, namespace },
      informer: shared.revisionSecrets,
      render: renderSecret,
      read: readSecret,
    };
  }
  return {
    path:
      namespace === undefined ? clusterFederatedRevisions : { ...federatedRevisions, namespace },
    informer: namespace === undefined ? shared.clusterRevisions : shared.revisions,
    render: (revision) => ({
      apiVersion: "cellplane.io/v1alpha1",
      kind: namespace === undefined ? "ClusterFederatedRevision" : "FederatedRevision",
      metadata: {},
      spec: specOf(revision),
    }),
    read: (found) => (found as FederatedRevision).spec,
  };
}

/** Revisions of Secrets are Secrets, so that RBAC and encryption at rest see them as what they are. */
function renderSecret(revision: Revision): Pick<KubernetesObject, "metadata"> {
  const bytes = new TextEncoder().encode(stringifyJson(specOf(revision)));
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {},
    type: revisionSecretType,
    data: { [contentKey]: btoa(binary) },
  };
  return secret;
}

function readSecret(secret: KubernetesObject): FederatedRevisionSpec | undefined {
  const data = secret["data"];
  const content = isJsonObject(data) ? data[contentKey] : undefined;
  if (typeof content !== "string") return undefined;
  const bytes = Uint8Array.from(atob(content), (char) => char.charCodeAt(0));
  return parseJson(new TextDecoder().decode(bytes)) as unknown as FederatedRevisionSpec;
}

function specOf({ number, hash, template, overrides }: Revision): FederatedRevisionSpec {
  return {
    revision: number,
    hash,
    ...(template === undefined ? {} : { template }),
    ...(overrides === undefined ? {} : { overrides }),
  };
}
