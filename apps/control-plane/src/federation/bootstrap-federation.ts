import {
  isJsonEqual,
  isStatus,
  type JsonObject,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import { findBuiltinDefinition, type ObjectAccess, type ObjectScope } from "@cellplane/apiserver";
import {
  coreCrds,
  defaultKubeFedConfig,
  defaultTypeConfigs,
  defaultTypeCrds,
  defaultTypes,
  groups,
  inlineSchema,
  kubefed,
} from "@cellplane/federation";

const crds: ObjectScope = { group: "apiextensions.k8s.io", resource: "customresourcedefinitions" };
const establishedWithinMs = 20_000;

/** Makes the federation's namespace, CRDs, settings and the types that come enabled; idempotent. */
export async function bootstrapFederation(objects: ObjectAccess): Promise<void> {
  const { systemNamespace } = kubefed;
  await createOnce(
    objects,
    { group: "", resource: "namespaces" },
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: systemNamespace },
    },
  );
  const wanted = [...coreCrds(), ...defaultTypeCrds({ schemas: targetSchemas() })];
  const established = await watchEstablished(objects);
  await Promise.all(wanted.map((crd) => ensureCrd(objects, crd)));
  await established.all(wanted.map(({ metadata }) => metadata.name ?? ""));
  const inSystem = (resource: string): ObjectScope => ({
    group: groups.core,
    resource,
    namespace: systemNamespace,
  });
  await createOnce(objects, inSystem("kubefedconfigs"), defaultConfig());
  for (const config of defaultTypeConfigs(systemNamespace)) {
    await createOnce(objects, inSystem("federatedtypeconfigs"), config);
  }
}

/** A config without anything but the scope: every default then stands in it, for people to see and edit. */
export function defaultConfig(namespace: string = kubefed.systemNamespace): KubernetesObject {
  return defaultKubeFedConfig({
    apiVersion: `${groups.core}/v1beta1`,
    kind: "KubeFedConfig",
    metadata: { name: kubefed.configName, namespace },
    spec: { scope: "Cluster" },
  });
}

/** Schemas of the targets that come enabled, by kind, so that `kubectl explain` knows templates. */
export function targetSchemas(): ReadonlyMap<string, JsonObject> {
  const schemas = new Map<string, JsonObject>();
  for (const { target } of defaultTypes) {
    const definition = findBuiltinDefinition(definitionName(target));
    if (definition) schemas.set(target.kind, inlineSchema(definition, findBuiltinDefinition));
  }
  return schemas;
}

/** `io.k8s.api.apps.v1.Deployment`: built-in definitions are named by the first part of their group. */
function definitionName(target: {
  readonly group?: string;
  readonly version: string;
  readonly kind: string;
}): string {
  const group = (target.group ?? "") === "" ? "core" : (target.group ?? "").split(".")[0];
  return `io.k8s.api.${group}.${target.version}.${target.kind}`;
}

async function ensureCrd(objects: ObjectAccess, crd: KubernetesObject): Promise<void> {
  const name = crd.metadata.name ?? "";
  const current = await objects.get(crds, name);
  if (!current) {
    await createOnce(objects, crds, crd);
    return;
  }
  await objects.update(crds, name, (found) => {
    const spec = { ...(found["spec"] as JsonObject), ...(crd["spec"] as JsonObject) };
    return isJsonEqual(spec, found["spec"] as JsonObject) ? found : { ...found, spec };
  });
}

async function createOnce(
  objects: ObjectAccess,
  scope: ObjectScope,
  object: KubernetesObject,
): Promise<void> {
  try {
    await objects.create(scope, object);
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
  }
}

interface EstablishedWatch {
  /** Resolves once all these CRDs are served. */
  all(names: readonly string[]): Promise<void>;
}

async function watchEstablished(objects: ObjectAccess): Promise<EstablishedWatch> {
  const seen = new Set<string>();
  let check = (): void => {};
  const watch = await objects.watch(crds, {
    onPut: (crd) => {
      if (isEstablished(crd)) seen.add(crd.metadata.name ?? "");
      check();
    },
    onDelete: (crd) => seen.delete(crd.metadata.name ?? ""),
  });
  return {
    async all(names) {
      const done = Promise.withResolvers<void>();
      check = (): void => {
        if (names.every((name) => seen.has(name))) done.resolve();
      };
      const timer = setTimeout(() => {
        const missing = names.filter((name) => !seen.has(name)).join(", ");
        done.reject(new Error(`Cannot start as these CRDs were not established: ${missing}`));
      }, establishedWithinMs);
      check();
      try {
        await done.promise;
      } finally {
        clearTimeout(timer);
        watch[Symbol.dispose]();
      }
    },
  };
}

function isEstablished(crd: KubernetesObject): boolean {
  const status = crd["status"] as { readonly conditions?: readonly JsonObject[] } | undefined;
  return (
    status?.conditions?.some(
      ({ type, status: value }) => type === "Established" && value === "True",
    ) ?? false
  );
}
