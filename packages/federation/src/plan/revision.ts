import type { JsonObject } from "@cellplane/apimachinery";
import type { ClusterOverride, FederatedObject } from "../api/federated-object.ts";
import { hashJson } from "../hash/canonical-json.ts";

/** An immutable snapshot of what an object spreads. */
export interface Revision {
  /** From 1. */
  readonly number: number;
  /** Of template and overrides. */
  readonly hash: string;
  readonly template: JsonObject | undefined;
  /** Without those that a scheduler wrote. */
  readonly overrides: readonly ClusterOverride[] | undefined;
}

// One object is planned for many times, and its contents are the dearest part to digest.
const remembered = new WeakMap<object, Omit<Revision, "number">>();

/** What a revision of the object as it is would hold. */
export function revisionContent(object: FederatedObject): Omit<Revision, "number"> {
  const { spec } = object;
  const known = spec && remembered.get(spec);
  if (known) return known;
  const content = readContent(object);
  if (spec) remembered.set(spec, content);
  return content;
}

function readContent(object: FederatedObject): Omit<Revision, "number"> {
  const template = object.spec?.template;
  const all = object.spec?.overrides;
  const kept = all?.filter(({ source }) => source !== "scheduler");
  const overrides = kept?.length === 0 ? undefined : kept;
  return { template, overrides, hash: hashJson({ template, overrides }) };
}

/** The overrides that a scheduler wrote: on top of every revision, part of none. */
export function schedulerOverrides(object: FederatedObject): readonly ClusterOverride[] {
  return object.spec?.overrides?.filter(({ source }) => source === "scheduler") ?? [];
}
