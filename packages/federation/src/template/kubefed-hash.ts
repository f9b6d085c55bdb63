import type { JsonObject, JsonValue } from "@cellplane/apimachinery";
import { stringifyJson } from "@cellplane/apimachinery";
import type { ClusterOverride, FederatedObject } from "../api/federated-object.ts";
import { sortKeys } from "../hash/canonical-json.ts";
import { md5Hex } from "../hash/md5.ts";

/** KubeFed's `templateVersion` (reference §2.8); empty where there is no template. */
export function templateHash(template: JsonObject | undefined): string {
  return template === undefined ? "" : md5Hex(`${goJson(sortKeys(template))}\n`);
}

/** KubeFed's `overridesVersion`; empty where there is no spec. */
export function overridesHash(object: FederatedObject): string {
  if (object.spec === undefined) return "";
  const overrides = object.spec.overrides?.map(inFieldOrder) ?? null;
  return md5Hex(`{"overrides":${goJson(overrides)}}\n`);
}

// Go encodes structs in the order of their fields and leaves empty ones out.
function inFieldOrder(override: ClusterOverride): JsonObject {
  const { clusterName, clusterOverrides, clusterSelector, source } = override;
  const patches = clusterOverrides?.map(({ op = "", path, value }) => ({
    ...(op === "" ? {} : { op }),
    path,
    ...(value === undefined || value === null ? {} : { value: sortKeys(value) }),
  }));
  return {
    ...(clusterName === undefined || clusterName === "" ? {} : { clusterName }),
    ...(patches === undefined || patches.length === 0 ? {} : { clusterOverrides: patches }),
    // KubeFed knows neither; they must count, though.
    ...(clusterSelector === undefined ? {} : { clusterSelector: sortKeys(clusterSelector) }),
    ...(source === undefined ? {} : { source }),
  };
}

function goJson(value: JsonValue): string {
  return stringifyJson(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
