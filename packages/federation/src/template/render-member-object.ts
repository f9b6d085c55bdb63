import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonPatchOperation,
  type JsonValue,
  type KubernetesObject,
  runJsonPatch,
} from "@cellplane/apimachinery";
import type { Cell } from "../api/cell.ts";
import type { ClusterOverride } from "../api/federated-object.ts";
import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import { kubefed, labels } from "../api/names.ts";
import { hashJson } from "../hash/canonical-json.ts";
import type { AnnotationPolicy } from "./annotation-policy.ts";
import { targetNameOf, targetNamespaceOf } from "./cell-names.ts";
import { createPatchSelector, findOverrideFault, type PatchSelector } from "./overrides.ts";
import { withPodSettings } from "./pod-settings.ts";

/** What is spread: of the object as it is, or of a kept revision. */
export interface RenderContent {
  readonly template: JsonObject | undefined;
  readonly overrides: readonly ClusterOverride[] | undefined;
}

/** What a federated object renders with, whatever the member. */
export interface RenderContext {
  /** Of the federated object; `undefined` for cluster-scoped kinds. */
  readonly namespace: string | undefined;
  readonly name: string;
  readonly kind: string;
  /** Whether objects of the target kind lie in namespaces. */
  readonly scope: "Cluster" | "Namespaced";
  readonly policy: AnnotationPolicy;
  /** Applied after the revision's own. */
  readonly schedulerOverrides: readonly ClusterOverride[];
}

/** What differs from member to member. */
export interface RenderTarget {
  readonly cluster: KubeFedCluster;
  /** Only for derived clusters. */
  readonly cell: Cell | undefined;
  readonly apiVersion: string;
  /** The member had the object before us: its pod template gets nothing but the template. */
  readonly adopted: boolean;
}

/** A member's object without our bookkeeping, and its hash, or why there is none. */
export type Rendering =
  | {
      readonly kind: "rendered";
      readonly object: KubernetesObject;
      /** Whatever the apiVersion, which is chosen to suit the member. */
      readonly hash: string;
      /** Paths that overrides set: they beat retention. */
      readonly overridden: readonly string[];
    }
  | { readonly kind: "failed"; readonly message: string };

/** Renders contents for members; equal renderings are made once. */
export interface Renderer {
  render(content: RenderContent, target: RenderTarget): Rendering;
}

// The server's own; a template that was copied from a live object may have them.
const serverMetadata = new Set([
  "annotations",
  "finalizers",
  "resourceVersion",
  "uid",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "managedFields",
  "selfLink",
]);

/** A renderer for one federated object. */
export function createRenderer(context: RenderContext): Renderer {
  const prepared = new Map<RenderContent, PreparedContent>();
  const prepare = (content: RenderContent): PreparedContent => {
    const known = prepared.get(content) ?? {
      selectPatches: preparePatches(content, context),
      plain: new Map<string, Rendering>(),
    };
    prepared.set(content, known);
    return known;
  };
  return {
    render: (content, target) => {
      const { selectPatches, plain } = prepare(content);
      const chosen = selectPatches(target.cluster);
      if (chosen.kind === "failed") return chosen;
      const { patches } = chosen;
      const isPlain = target.cell === undefined && patches.length === 0;
      const known = isPlain ? plain.get(target.apiVersion) : undefined;
      if (known !== undefined) return known;
      const rendering = renderMemberObject(content, target, { ...context, patches });
      if (isPlain) plain.set(target.apiVersion, rendering);
      return rendering;
    },
  };
}

interface PreparedContent {
  readonly selectPatches: PatchSelector;
  /** Renderings that neither a cell nor an override changes, by apiVersion. */
  readonly plain: Map<string, Rendering>;
}

interface Prepared extends RenderContext {
  readonly patches: readonly JsonPatchOperation[];
}

function renderMemberObject(
  { template = {} }: RenderContent,
  target: RenderTarget,
  context: Prepared,
): Rendering {
  const base = prepareTemplate(template, target, context);
  const patched = runJsonPatch(base, context.patches);
  if (patched.kind === "failed") return patched;
  if (!isJsonObject(patched.document)) {
    return { kind: "failed", message: "Cannot apply overrides as the result must be an object" };
  }
  const object = identify(applyCell(patched.document, target, context), target, context);
  const { apiVersion: _, ...hashed } = object;
  const overridden = context.patches.map(({ path }) => path);
  return { kind: "rendered", object, hash: hashJson(hashed as JsonObject), overridden };
}

function preparePatches(
  { overrides = [] }: RenderContent,
  { schedulerOverrides }: RenderContext,
): PatchSelector {
  const message = findOverrideFault(overrides) ?? findOverrideFault(schedulerOverrides);
  if (message !== undefined) return () => ({ kind: "failed", message });
  return createPatchSelector([...overrides, ...schedulerOverrides]);
}

function prepareTemplate(
  template: JsonObject,
  { apiVersion }: RenderTarget,
  { policy, kind }: RenderContext,
): JsonObject {
  const { status: _, metadata: given, ...rest } = template;
  const metadata = isJsonObject(given) ? given : {};
  const set = metadata["annotations"];
  const kept = isJsonObject(set) ? Object.entries(set).filter(([key]) => policy(key)) : [];
  const others = Object.entries(metadata).filter(([key]) => !serverMetadata.has(key));
  return {
    ...rest,
    apiVersion,
    kind,
    // Always there, so that an override may add one annotation or label.
    metadata: {
      labels: {},
      ...Object.fromEntries(others),
      annotations: Object.fromEntries(kept),
    },
  };
}

function applyCell(object: JsonObject, target: RenderTarget, context: RenderContext): JsonObject {
  const { cell, adopted } = target;
  if (cell === undefined) return object;
  const settled = adopted ? object : withPodSettings(object, context.kind, cell);
  return context.kind === "RoleBinding" ? mapSubjects(settled, cell, context) : settled;
}

function mapSubjects(object: JsonObject, cell: Cell, { namespace }: RenderContext): JsonObject {
  const { subjects } = object;
  if (!isJsonArray(subjects)) return object;
  const mapped = subjects.map((subject): JsonValue =>
    isJsonObject(subject) && subject["namespace"] === namespace
      ? { ...subject, namespace: targetNamespaceOf(cell) }
      : subject,
  );
  return { ...object, subjects: mapped };
}

function identify(
  object: JsonObject,
  { cell, apiVersion }: RenderTarget,
  { name, namespace, kind, scope }: RenderContext,
): KubernetesObject {
  const metadata = isJsonObject(object["metadata"]) ? object["metadata"] : {};
  const { annotations, generateName: _, namespace: __, ...rest } = metadata;
  const set = isJsonObject(metadata["labels"]) ? metadata["labels"] : {};
  const hasAnnotations = isJsonObject(annotations) && Object.keys(annotations).length > 0;
  const home = cell === undefined ? namespace : targetNamespaceOf(cell);
  const version = object["apiVersion"];
  return {
    ...object,
    apiVersion: typeof version === "string" ? version : apiVersion,
    kind,
    metadata: {
      ...rest,
      name: cell === undefined ? name : targetNameOf(cell, name),
      ...(scope === "Cluster" || home === undefined ? {} : { namespace: home }),
      ...(hasAnnotations ? { annotations: annotations as Readonly<Record<string, string>> } : {}),
      labels: {
        ...(set as Readonly<Record<string, string>>),
        [kubefed.managedLabel]: "true",
        ...(cell === undefined ? {} : { [labels.cell]: cell.metadata.name ?? "" }),
      },
    },
  };
}
