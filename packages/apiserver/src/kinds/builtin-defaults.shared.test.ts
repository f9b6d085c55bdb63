import { deepEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type KubernetesObject,
  parseGroupVersion,
  parseJson,
} from "@cellplane/apimachinery";
import type { AdmissionPlugin, AdmissionRequest } from "../admission/admission.ts";
import { MemoryObjectAccess } from "../registry/memory-object-access.suite.ts";
import { normalizeObject } from "../registry/normalize-object.ts";
import type { ResourceDefinition, StrategyContext } from "../registry/resource.ts";
import { builtinAdmission } from "./admission/builtin-admission.ts";
import { builtinResourceDefinitions } from "./builtin-resources.ts";
import { asJson, objectAt, stringAt } from "./plain/plain.ts";

interface Recorded {
  readonly sent: KubernetesObject;
  readonly stored: KubernetesObject;
  readonly warning?: string;
}

const shared =
  process.env["CELLPLANE_SHARED"] ?? join(import.meta.dirname, "../../../../../shared");
const file = join(shared, "reference/data/defaults.json");
const recorded = objectAt(parseJson(readFileSync(file, "utf8")), "objects");
const definitions = builtinResourceDefinitions();
const admin = {
  username: "admin",
  uid: "admin-uid",
  groups: ["system:masters", "system:authenticated"],
};
const nowMs = Date.parse("2026-11-24T00:00:00Z");
const uid = "5d6e6a0c-3a51-4a7f-8d0b-0f1c2f3a4b5c";
const namespace = "facts";

/** The definitions of CRDs are the folder `crds`' own. */
const isOurs = ({ sent }: Recorded): boolean => sent.kind !== "CustomResourceDefinition";

describe("the built-in kinds, of 152 minimal objects", () => {
  for (const [title, value] of Object.entries(recorded)) {
    const { sent, stored, warning } = value as unknown as Recorded;
    if (!isOurs({ sent, stored })) continue;
    it(`stores "${title}" as Kubernetes does`, async () => {
      const made = await create(sent);
      deepEqual(withPlaceholders(made.object, stored), asJson(stored));
      deepEqual(made.warnings, warning === undefined ? [] : [unquote(warning)]);
    });
  }
});

/** What a create does, without a store: defaults, admission, strategy, validation. */
async function create(
  sent: KubernetesObject,
): Promise<{ readonly object: JsonObject; readonly warnings: readonly string[] }> {
  const definition = definitionOf(sent);
  const { version } = parseGroupVersion(sent.apiVersion ?? "") ?? { version: "" };
  const served = definition.versions.find((each) => each.version === version);
  if (!served) throw new Error(`Cannot find version ${version}`);
  const context: StrategyContext = { user: admin, version, subresource: "", nowMs };
  const defaulted = normalizeObject(sent, definition, served);
  const admitted = await admit(defaulted, definition, version);
  const normal = normalizeObject(admitted, definition, served);
  const generation = definition.strategy.tracksGeneration ? { generation: 1 } : {};
  const place = definition.namespaced ? { namespace } : {};
  const named = { ...normal, metadata: { ...normal.metadata, uid, ...generation, ...place } };
  const prepared = definition.strategy.prepareForCreate?.(named, context) ?? named;
  deepEqual(definition.strategy.validate?.(prepared, context), []);
  deepEqual(normalizeObject(prepared, definition, served), prepared, "defaults are not idempotent");
  const { uid: _, ...metadata } = prepared.metadata;
  const deprecated = served.deprecationWarning === undefined ? [] : [served.deprecationWarning];
  return {
    object: asJson({ ...prepared, metadata }),
    warnings: [...deprecated, ...(definition.strategy.warnings?.(prepared, undefined) ?? [])],
  };
}

function definitionOf(object: KubernetesObject): ResourceDefinition {
  const { group } = parseGroupVersion(object.apiVersion ?? "") ?? { group: "" };
  const found = definitions.find((each) => each.group === group && each.kind === object.kind);
  if (!found) throw new Error(`Cannot find ${object.apiVersion ?? ""} ${object.kind ?? ""}`);
  return found;
}

async function admit(
  object: KubernetesObject,
  definition: ResourceDefinition,
  version: string,
): Promise<KubernetesObject> {
  const { group, kind, resource, namespaced } = definition;
  const request: AdmissionRequest = {
    operation: "CREATE",
    gvk: { group, version, kind },
    gvr: { group, version, resource },
    subresource: "",
    namespace: namespaced ? namespace : "",
    name: object.metadata.name ?? "",
    object,
    options: undefined,
    dryRun: true,
    user: admin,
    warn: () => undefined,
  };
  let admitted = object;
  for (const plugin of await plugins()) {
    if (!plugin.handles(request)) continue;
    const changed = await plugin.mutate?.(
      { ...request, object: admitted },
      new AbortController().signal,
    );
    admitted = changed ?? admitted;
  }
  return admitted;
}

async function plugins(): Promise<readonly AdmissionPlugin[]> {
  const objects = new MemoryObjectAccess();
  await objects.create({ group: "", resource: "namespaces" }, { metadata: { name: namespace } });
  await objects.create(
    { group: "", resource: "serviceaccounts", namespace },
    { metadata: { name: "default" } },
  );
  for (const [name, value] of [
    ["system-node-critical", 2_000_001_000],
    ["system-cluster-critical", 2_000_000_000],
  ] as const) {
    await objects.create(
      { group: "scheduling.k8s.io", resource: "priorityclasses" },
      { metadata: { name }, value },
    );
  }
  const { beforeWebhooks, afterWebhooks } = builtinAdmission(objects, { clock: () => nowMs });
  return [...beforeWebhooks, ...afterWebhooks];
}

const placeholders: Readonly<Record<string, RegExp>> = {
  "{{ip}}": /^10\.96\.\d+\.\d+$/,
  "{{int}}": /^3\d{4}$/,
  "{{uid}}": new RegExp(`^${uid}$`),
  "{{time}}": /^2026-11-24T00:00:00Z$/,
};
const random = /^(kube-api-access-)[a-z0-9]{5}$/;

/** The value with placeholders where the recorded one has them and the shape fits. */
function withPlaceholders(value: JsonValue | undefined, like: unknown): JsonValue | undefined {
  if (Array.isArray(value) && Array.isArray(like)) {
    return value.map((item: JsonValue, at) => withPlaceholders(item, like[at]) ?? null);
  }
  if (isJsonObject(value) && isJsonObject(like)) {
    const entries = Object.entries(value).map(([key, each]) => [
      key,
      withPlaceholders(each, like[key]),
    ]);
    return Object.fromEntries(entries) as JsonObject;
  }
  if (typeof like !== "string" || (typeof value !== "string" && typeof value !== "number"))
    return value;
  if (placeholders[like]?.test(String(value))) return like;
  return String(value).replace(random, "$1{{rand5}}") === like ? like : value;
}

/** `299 - "text"` → text. */
function unquote(warning: string): string {
  return stringAt(parseJson(`{"text":${warning.slice(warning.indexOf('"'))}}`), "text");
}
