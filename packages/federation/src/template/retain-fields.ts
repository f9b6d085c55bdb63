import {
  isJsonArray,
  isJsonEqual,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import { type AnnotationPolicy, isBookkeeping } from "./annotation-policy.ts";
import { copyField, parseFieldPath, pathsMeet, removeField } from "./field-path.ts";

/** Which fields of a member object its own controllers own. */
export interface RetentionRules {
  readonly kind: string;
  readonly retainReplicas: boolean;
  /** JSON pointers of the FederatedTypeConfig; `*` is every item of a list. */
  readonly retainedFields: readonly string[];
  readonly policy: AnnotationPolicy;
}

/**
 * What to PUT so that the member gets the rendered object and keeps what is its own (reference
 * §2.6, design/federation.md §6). A field that an override sets is not retained, as in KubeFed.
 */
export function retainFields(
  rendered: { readonly object: KubernetesObject; readonly overridden: readonly string[] },
  live: KubernetesObject,
  rules: RetentionRules,
): KubernetesObject {
  const overridden = rendered.overridden.map(parseFieldPath);
  const pointers = retainedPointers(rules)
    .map(parseFieldPath)
    .filter((path) => !overridden.some((other) => pathsMeet(path, other)));
  const spec = pointers.reduce<JsonValue>(
    (object, path) => copyField(object, live as JsonObject, path),
    rendered.object as JsonObject,
  ) as KubernetesObject;
  const kept = retainByKind(spec, live, rules.kind);
  const status = live["status"] === undefined ? {} : { status: live["status"] };
  return { ...kept, metadata: retainMetadata(rendered.object, live, rules), ...status };
}

/**
 * The part of a member object that is owned by the template, as the member stored it (defaults
 * and all). When it changes though we wrote nothing, someone else did.
 */
export function ownedContent(live: KubernetesObject, rules: RetentionRules): JsonObject {
  // Items of a list come without apiVersion and kind.
  const { status: _, apiVersion: __, kind: ___, metadata, ...rest } = live;
  const kept = Object.entries(metadata.annotations ?? {}).filter(([key]) => rules.policy(key));
  const owned: JsonObject = {
    ...(rest as JsonObject),
    metadata: { labels: metadata.labels ?? {}, annotations: Object.fromEntries(kept) },
  };
  const pointers = [...retainedPointers(rules), ...serviceFields(rules.kind)];
  return pointers.map(parseFieldPath).reduce<JsonValue>(removeField, owned) as JsonObject;
}

// Servers put it on every Namespace, whatever it was written with.
const namespaceNameLabel = "kubernetes.io/metadata.name";

/**
 * Whether the member has everything that was rendered: the test where it is not known what the
 * member stored after our last write. What it has besides may be its defaults; labels may not.
 */
export function covers(live: KubernetesObject, rendered: KubernetesObject): boolean {
  const { labels: mine = {} } = rendered.metadata;
  const { labels: theirs = {} } = live.metadata;
  const { [namespaceNameLabel]: own, ...others } = theirs;
  const same = isJsonEqual(mine, own === mine[namespaceNameLabel] ? theirs : others);
  return same && findUncovered(live, rendered) === undefined;
}

/** JSON pointer of the first field of the rendering that the member has otherwise, or not at all. */
export function findUncovered(
  live: KubernetesObject,
  rendered: KubernetesObject,
): string | undefined {
  const { metadata, apiVersion: _, kind: __, status: ___, ...rest } = rendered;
  const { labels = {}, annotations = {} } = metadata;
  return findIn(live as JsonObject, { ...rest, metadata: { labels, annotations } }, "");
}

function findIn(live: JsonValue | undefined, wanted: JsonValue, path: string): string | undefined {
  if (isJsonArray(wanted)) return findInItems(live, wanted, path);
  if (!isJsonObject(wanted)) return isJsonEqual(live ?? null, wanted) ? undefined : path;
  const object = isJsonObject(live) ? live : {};
  for (const [key, value] of Object.entries(wanted)) {
    const at = `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    const found = value === undefined ? undefined : findIn(object[key], value, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findInItems(
  live: JsonValue | undefined,
  wanted: readonly JsonValue[],
  path: string,
): string | undefined {
  const items = isJsonArray(live) ? live : [];
  if (items.length !== wanted.length) return path;
  for (const [index, item] of wanted.entries()) {
    const found = findIn(items[index], item, `${path}/${index}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function retainedPointers({
  kind,
  retainReplicas,
  retainedFields,
}: RetentionRules): readonly string[] {
  const replicas = retainReplicas && kind !== "Service" && kind !== "ServiceAccount";
  return [...retainedFields, ...(replicas ? ["/spec/replicas"] : [])];
}

function serviceFields(kind: string): readonly string[] {
  if (kind === "ServiceAccount") return ["/secrets"];
  if (kind !== "Service") return [];
  return [
    "/spec/clusterIP",
    "/spec/clusterIPs",
    "/spec/healthCheckNodePort",
    "/spec/ports/*/nodePort",
  ];
}

function retainMetadata(
  rendered: KubernetesObject,
  live: KubernetesObject,
  { policy }: RetentionRules,
): KubernetesObject["metadata"] {
  const { annotations: mine = {}, ...rest } = rendered.metadata;
  const theirs = Object.entries(live.metadata.annotations ?? {}).filter(
    ([key]) => !policy(key) && !isBookkeeping(key),
  );
  const annotations = { ...Object.fromEntries(theirs), ...mine };
  const { resourceVersion, uid, finalizers } = live.metadata;
  return {
    ...rest,
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(uid === undefined ? {} : { uid }),
    ...(finalizers === undefined ? {} : { finalizers }),
  };
}

function retainByKind(
  object: KubernetesObject,
  live: KubernetesObject,
  kind: string,
): KubernetesObject {
  if (kind === "Service") return retainService(object, live);
  const secrets = live["secrets"];
  if (kind !== "ServiceAccount" || secrets === undefined) return object;
  const mine = object["secrets"];
  return isJsonArray(mine as JsonValue) && Object.keys(mine ?? {}).length > 0
    ? object
    : { ...object, secrets };
}

function retainService(object: KubernetesObject, live: KubernetesObject): KubernetesObject {
  const { spec } = object;
  const theirs = live["spec"];
  if (!isJsonObject(spec) || !isJsonObject(theirs)) return object;
  const mine = spec;
  const { healthCheckNodePort, clusterIP, clusterIPs } = theirs;
  const ports = mine["ports"];
  const livePorts = theirs["ports"];
  return {
    ...object,
    spec: {
      ...mine,
      ...(isJsonArray(ports) && isJsonArray(livePorts)
        ? { ports: ports.map((port) => retainNodePort(port, livePorts)) }
        : {}),
      ...(Number(healthCheckNodePort ?? 0) > 0 ? { healthCheckNodePort } : {}),
      ...(clusterIP === undefined || clusterIP === "" ? {} : { clusterIP }),
      ...(isJsonArray(clusterIPs) && clusterIPs.length > 0 ? { clusterIPs } : {}),
    },
  };
}

function retainNodePort(port: JsonValue, live: readonly JsonValue[]): JsonValue {
  if (!isJsonObject(port)) return port;
  const identity = portIdentity(port);
  const same = live.find((other) => isJsonObject(other) && portIdentity(other) === identity);
  const nodePort = isJsonObject(same) ? same["nodePort"] : undefined;
  return nodePort === undefined || nodePort === 0 ? port : { ...port, nodePort };
}

// After defaulting: a port without a protocol is TCP.
function portIdentity(port: JsonObject): string {
  const { name = "", protocol = "TCP", port: number = null } = port;
  return JSON.stringify([name, protocol, number]);
}
