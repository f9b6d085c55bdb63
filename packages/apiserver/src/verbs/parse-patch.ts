import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  badRequest,
  findDuplicateFields,
  findUnknownFields,
  type JsonObject,
  type JsonValue,
  parseJson,
  StatusError,
} from "@cellplane/apimachinery";
import { contentTypeOf } from "./decode-body.ts";
import { describeJsonError } from "./describe-json-error.ts";
import type { ResourceRequest } from "./resource-request.ts";

/** What a patch request sends. */
export type PatchType = "json" | "merge" | "strategic" | "apply";

/** A patch that is no server-side apply. */
export interface ParsedPatch {
  readonly type: Exclude<PatchType, "apply">;
  readonly body: JsonValue;
  /** The patched document. @throws {StatusError} */
  readonly apply: (document: JsonObject) => JsonObject;
  /** What strict validation finds in the patch itself. */
  readonly problems: readonly string[];
}

const patchTypes: Readonly<Record<string, PatchType>> = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/apply-patch+yaml": "apply",
};

/** The kind of patch by its content type. @throws {StatusError} 415 */
export function patchTypeOf({ request, definition }: ResourceRequest): PatchType {
  const type = patchTypes[contentTypeOf(request)];
  const isCustom = definition.origin === "crd";
  if (type !== undefined && !(isCustom && type === "strategic")) return type;
  if (!isCustom) {
    throw new StatusError("UnsupportedMediaType", "415: Unsupported Media Type", { details: {} });
  }
  const accepted = Object.keys(patchTypes).filter((each) => patchTypes[each] !== "strategic");
  throw new StatusError(
    "UnsupportedMediaType",
    "the body of the request was in an unknown format - accepted media types include: " +
      accepted.join(", "),
  );
}

/** Reads a patch. @throws {StatusError} 400 */
export function parsePatch(
  type: Exclude<PatchType, "apply">,
  text: string,
  target: ResourceRequest,
): ParsedPatch {
  const body = parseBody(text);
  const { schema } = target.version;
  const duplicates = findDuplicateFields(text, body).map((path) => `duplicate field "${path}"`);
  switch (type) {
    case "json":
      return {
        type,
        body,
        problems: [],
        apply: (document) => applyJsonPatch(document, body) as JsonObject,
      };
    case "merge":
      // Kubernetes' merge says so of what is no object.
      if (body === null) throw badRequest("Invalid JSON Patch");
      return {
        type,
        body,
        problems: duplicates,
        apply: (document) => applyMergePatch(document, body),
      };
    case "strategic": {
      const unknown = findUnknownFields(schema, body).filter((path) => !path.includes("$"));
      return {
        type,
        body,
        problems: [...duplicates, ...unknown.map((path) => `unknown field "${path}"`)],
        apply: (document) => applyStrategicMergePatch(document, body, schema),
      };
    }
  }
}

function parseBody(text: string): JsonValue {
  try {
    return parseJson(text);
  } catch {
    throw badRequest(`error decoding patch: ${describeJsonError(text)}`);
  }
}
