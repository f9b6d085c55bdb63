import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "@cellplane/apimachinery";
import type { ApiResource } from "../api/federated-type-config.ts";
import { podSpecPath } from "../api/pod-makers.ts";

/** Kinds that pods need by name and that are carried along. */
export type DependencyKind = "ConfigMap" | "Secret" | "ServiceAccount" | "PersistentVolumeClaim";

/** Something that a workload's pods need. */
export interface Dependency {
  readonly kind: DependencyKind;
  readonly name: string;
  /** Pods start without it, too. */
  readonly optional: boolean;
}

// Kubernetes makes these in every namespace; a member has its own.
const everywhere: ReadonlySet<string> = new Set([
  "ServiceAccount/default",
  "ConfigMap/kube-root-ca.crt",
]);

/** What the pods of a template need, by kind and name; nothing for kinds that make no pods. */
export function dependenciesOf(
  template: JsonObject | undefined,
  kind: Pick<ApiResource, "group" | "kind">,
): readonly Dependency[] {
  const path = podSpecPath(kind);
  let node: JsonValue | undefined = template;
  for (const part of path ?? []) node = isJsonObject(node) ? node[part] : undefined;
  if (path === undefined || !isJsonObject(node)) return [];
  const found = new Map<string, Dependency>();
  for (const dependency of inPodSpec(node)) {
    const key = dependencyKey(dependency);
    if (dependency.name === "" || everywhere.has(key)) continue;
    const optional = dependency.optional && (found.get(key)?.optional ?? true);
    found.set(key, { ...dependency, optional });
  }
  return Array.from(found.keys())
    .sort()
    .flatMap((key) => found.get(key) ?? []);
}

/** `Secret/tls`. */
export function dependencyKey({ kind, name }: Pick<Dependency, "kind" | "name">): string {
  return `${kind}/${name}`;
}

function inPodSpec(spec: JsonObject): readonly Dependency[] {
  const containers = ["containers", "initContainers", "ephemeralContainers"].flatMap((list) =>
    itemsOf(spec[list]),
  );
  return [
    ...named("ServiceAccount", spec, ["serviceAccountName", "serviceAccount"]),
    ...itemsOf(spec["imagePullSecrets"]).flatMap((each) => named("Secret", each, ["name"])),
    ...containers.flatMap(inContainer),
    ...itemsOf(spec["volumes"]).flatMap(inVolume),
  ];
}

function inContainer({ env, envFrom }: JsonObject): readonly Dependency[] {
  const wholes = itemsOf(envFrom).flatMap(({ configMapRef, secretRef }) => [
    ...named("ConfigMap", configMapRef, ["name"]),
    ...named("Secret", secretRef, ["name"]),
  ]);
  const single = itemsOf(env).flatMap(({ valueFrom }) => {
    if (!isJsonObject(valueFrom)) return [];
    return [
      ...named("ConfigMap", valueFrom["configMapKeyRef"], ["name"]),
      ...named("Secret", valueFrom["secretKeyRef"], ["name"]),
    ];
  });
  return [...wholes, ...single];
}

function inVolume(volume: JsonObject): readonly Dependency[] {
  const { projected } = volume;
  const sources = isJsonObject(projected) ? itemsOf(projected["sources"]) : [];
  const inSources = sources.flatMap(({ configMap, secret }) => [
    ...named("ConfigMap", configMap, ["name"]),
    ...named("Secret", secret, ["name"]),
  ]);
  // Drivers that log in name their Secret in one of these.
  const inDrivers = Object.values(volume)
    .filter((source) => isJsonObject(source))
    .flatMap((source) => [
      ...named("Secret", source["secretRef"], ["name"]),
      ...named("Secret", source["nodePublishSecretRef"], ["name"]),
    ]);
  return [
    ...named("ConfigMap", volume["configMap"], ["name"]),
    ...named("Secret", volume["secret"], ["secretName"]),
    ...named("Secret", volume["azureFile"], ["secretName"]),
    ...named("PersistentVolumeClaim", volume["persistentVolumeClaim"], ["claimName"]),
    ...inEphemeral(volume["ephemeral"]),
    ...inSources,
    ...inDrivers,
  ];
}

/** A claim that is made for each pod may be filled from another one. */
function inEphemeral(source: JsonValue | undefined): readonly Dependency[] {
  const template = isJsonObject(source) ? source["volumeClaimTemplate"] : undefined;
  const spec = isJsonObject(template) ? template["spec"] : undefined;
  const from = isJsonObject(spec) ? spec["dataSource"] : undefined;
  const isClaim = isJsonObject(from) && from["kind"] === "PersistentVolumeClaim";
  return isClaim ? named("PersistentVolumeClaim", from, ["name"]) : [];
}

/** The name in the first of these fields that is set. */
function named(
  kind: DependencyKind,
  reference: JsonValue | undefined,
  fields: readonly string[],
): readonly Dependency[] {
  if (!isJsonObject(reference)) return [];
  const name = fields.map((field) => reference[field]).find((each) => each !== undefined);
  if (typeof name !== "string") return [];
  return [{ kind, name, optional: reference["optional"] === true }];
}

function itemsOf(value: JsonValue | undefined): readonly JsonObject[] {
  return isJsonArray(value) ? value.filter(isJsonObject) : [];
}
