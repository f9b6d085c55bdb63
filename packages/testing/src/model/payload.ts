import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "@cellplane/apimachinery";
import type { Kind, Override, Selection, Spec } from "./model-state.ts";
import { memberNameOf } from "./model-placement.ts";

interface Payload {
  readonly group: string;
  readonly resource: string;
  readonly template: (value: string) => JsonObject;
  /** Where an override sets the value, and where it is read. */
  readonly pointer: string;
  readonly encode: (value: string) => string;
  readonly decode: (value: string) => string;
}

const same = (value: string): string => value;

/** How a value stands in an object of each kind. */
export const payloads: Readonly<Record<Kind, Payload>> = {
  ConfigMap: {
    group: "",
    resource: "configmaps",
    template: (value) => ({ data: { value } }),
    pointer: "/data/value",
    encode: same,
    decode: same,
  },
  Secret: {
    group: "",
    resource: "secrets",
    template: (value) => ({ type: "Opaque", data: { value } }),
    pointer: "/data/value",
    encode: (value) => Buffer.from(value).toString("base64"),
    decode: (value) => Buffer.from(value, "base64").toString(),
  },
  Deployment: {
    group: "apps",
    resource: "deployments",
    template: (image) => ({
      spec: {
        selector: { matchLabels: { app: "model" } },
        template: {
          metadata: { labels: { app: "model" } },
          spec: { containers: [{ name: "model", image }] },
        },
      },
    }),
    pointer: "/spec/template/spec/containers/0/image",
    encode: same,
    decode: same,
  },
};

/** The kinds there are. */
export const kinds: readonly Kind[] = ["ConfigMap", "Secret", "Deployment"];

/** `federatedconfigmaps`. */
export function federatedResource(kind: Kind): string {
  return `federated${payloads[kind].resource}`;
}

/** The value in an object or a template; a label added by hand counts. */
export function valueIn(kind: Kind, object: JsonObject): string {
  const { pointer, decode } = payloads[kind];
  const found = at(object, pointer);
  const { metadata } = object;
  const set = isJsonObject(metadata) ? metadata["labels"] : undefined;
  const hand = isJsonObject(set) ? set["by-hand"] : undefined;
  const value = typeof found === "string" ? decode(found) : "?";
  return typeof hand === "string" ? `${value}+${hand}` : value;
}

/** An object with another value. */
export function withValue(kind: Kind, object: JsonObject, value: string): JsonObject {
  const { pointer, encode } = payloads[kind];
  return set(object, pointer.split("/").slice(1), encode(value)) as JsonObject;
}

/** `spec` in the topology view. */
export function renderSpec(kind: Kind, spec: Spec): JsonObject {
  const { template, encode, pointer } = payloads[kind];
  const { type, value, overrides, placement, mask, policy, revision } = spec;
  return {
    topologyType: type,
    template: template(encode(value)),
    placement: renderSelection(placement),
    ...(mask === undefined
      ? {}
      : { placementMask: { ...renderSelection(mask), heldPolicy: policy } }),
    ...(revision === undefined ? {} : { revision }),
    ...(overrides.length === 0
      ? {}
      : {
          overrides: overrides.map(({ to, value: own }) => ({
            ...(typeof to === "string"
              ? { topologyName: to }
              : { topologySelector: { matchLabels: { tier: to.tier } } }),
            topologyOverrides: [{ op: "replace", path: pointer, value: encode(own) }],
          })),
        }),
  };
}

function renderSelection(selection: Selection): JsonObject {
  return "names" in selection
    ? { topologies: selection.names.map((name) => ({ name })) }
    : { topologySelector: { matchLabels: { tier: selection.tier } } };
}

/** What a stored revision froze, in the model's words. */
export function readContent(
  kind: Kind,
  namespace: string,
  frozen: JsonObject,
): { readonly value: string; readonly overrides: readonly Override[] } {
  const { decode } = payloads[kind];
  const template = isJsonObject(frozen["template"]) ? frozen["template"] : {};
  const list = isJsonArray(frozen["overrides"]) ? frozen["overrides"] : [];
  const overrides = list.filter(isJsonObject).map((each): Override => {
    const patches = isJsonArray(each["clusterOverrides"]) ? each["clusterOverrides"] : [];
    const [patch] = patches;
    const value = isJsonObject(patch) ? decode(textOf(patch["value"])) : "?";
    const name = each["clusterName"];
    const tier = at(each, "/clusterSelector/matchLabels/tier");
    const cellPrefix = memberNameOf(namespace, "cell", "");
    if (typeof name !== "string") return { to: { tier: textOf(tier) }, value };
    return { to: name.startsWith(cellPrefix) ? name.slice(cellPrefix.length) : name, value };
  });
  return { value: valueIn(kind, template), overrides };
}

function at(value: JsonValue | undefined, pointer: string): JsonValue | undefined {
  let found = value;
  for (const part of pointer.split("/").slice(1)) {
    if (isJsonArray(found)) found = found[Number(part)];
    else if (isJsonObject(found)) found = found[part];
    else return undefined;
  }
  return found;
}

function set(value: JsonValue | undefined, path: readonly string[], to: JsonValue): JsonValue {
  const [first, ...rest] = path;
  if (first === undefined) return to;
  if (isJsonArray(value)) {
    return value.map((item, index) => (index === Number(first) ? set(item, rest, to) : item));
  }
  const object = isJsonObject(value) ? value : {};
  return { ...object, [first]: set(object[first], rest, to) };
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "?";
}
