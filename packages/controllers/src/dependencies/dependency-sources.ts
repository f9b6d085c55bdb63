import type { KubernetesObject } from "@cellplane/apimachinery";
import {
  createInformer,
  type Informer,
  type ResourcePath,
  type RestClient,
} from "@cellplane/client";
import { type DependencyKind, revisionSecretType } from "@cellplane/federation";
import type { ErrorReporter } from "../shared/controller.ts";
import { configMaps, secrets, serviceAccounts } from "../shared/resources.ts";
import { dropManagedFields } from "../shared/shared-informers.ts";

/** The kinds that are carried along: their FederatedTypeConfigs, and where their sources lie. */
export const dependencyKinds: readonly {
  readonly kind: DependencyKind;
  readonly typeName: string;
  readonly path: ResourcePath;
}[] = [
  { kind: "ConfigMap", typeName: "configmaps", path: configMaps },
  { kind: "Secret", typeName: "secrets", path: secrets },
  { kind: "ServiceAccount", typeName: "serviceaccounts", path: serviceAccounts },
  {
    kind: "PersistentVolumeClaim",
    typeName: "persistentvolumeclaims",
    path: { group: "", version: "v1", resource: "persistentvolumeclaims" },
  },
];

/** Native objects of the control plane, by kind. */
export type DependencySources = ReadonlyMap<DependencyKind, Informer>;

/** Makes the informers of all kinds; nothing runs yet. */
export function createDependencySources(deps: {
  readonly client: RestClient;
  readonly onError: ErrorReporter;
}): DependencySources {
  return new Map(
    dependencyKinds.map(({ kind, path }) => [
      kind,
      createInformer<KubernetesObject>({
        client: deps.client,
        path,
        ...(kind === "Secret" ? { fieldSelector: `type!=${revisionSecretType}` } : {}),
        trim: dropManagedFields,
        onError: (error) => deps.onError(error, { resource: path.resource }),
      }),
    ]),
  );
}
