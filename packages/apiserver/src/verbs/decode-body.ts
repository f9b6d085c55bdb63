import {
  badRequest,
  decodeProtobuf,
  describeMetadataMismatch,
  describeTypeMismatch,
  findStrictProblems,
  formatGroupVersion,
  type GroupVersionKind,
  invalid,
  invalidObject,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type KubernetesObject,
  parseGroupVersion,
  parseJson,
  parseYaml,
  ProtobufError,
  type ProtobufMessages,
  type SchemaNode,
  StatusError,
} from "@cellplane/apimachinery";
import type { AuthorizedRequest } from "../request/incoming-request.ts";
import type { FieldValidation } from "./write-options.ts";
import { describeJsonError } from "./describe-json-error.ts";
import { describeDocument } from "./describe-document.ts";

/** What a body must be. */
export interface ExpectedBody {
  readonly gvk: GroupVersionKind;
  readonly schema: SchemaNode;
  /** A custom resource must name its kind; a built-in one may leave it to the URL. */
  readonly isCustom: boolean;
  readonly fieldValidation: FieldValidation;
  /** The messages of built-in kinds, where bodies may come so. */
  readonly protobuf: ProtobufMessages | undefined;
}

/** An object of a body, with what was wrong but could be let pass. */
export interface DecodedBody {
  readonly object: KubernetesObject;
  readonly warnings: readonly string[];
}

const bodyTypes = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
const customBodyTypes = "application/json, application/yaml";

/** Reads the object that a request sends. @throws {StatusError} 400, 413, 415 */
export async function decodeBody(
  request: AuthorizedRequest,
  expected: ExpectedBody,
): Promise<DecodedBody> {
  const type = contentTypeOf(request);
  const bytes = await request.body();
  switch (type) {
    case "application/json": {
      const text = bytes.toString();
      return decodeText(parseBodyJson(text, expected), text, expected);
    }
    case "application/yaml":
      return decodeText(parseBodyYaml(bytes.toString()), undefined, expected);
    case "application/vnd.kubernetes.protobuf":
      if (!expected.protobuf) throw unsupportedType(expected);
      return decodeText(parseBodyProtobuf(bytes, expected.protobuf, expected), undefined, expected);
    default:
      throw unsupportedType(expected);
  }
}

function parseBodyProtobuf(
  bytes: Buffer,
  messages: ProtobufMessages,
  expected: ExpectedBody,
): JsonValue {
  try {
    return decodeProtobuf(bytes, messages, expected.gvk);
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    throw badRequest(cannotHandle(expected, error.message));
  }
}

/** The media type of the body, without parameters; JSON where none is given. */
export function contentTypeOf({ headers }: AuthorizedRequest): string {
  const type = (headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  return type === "" ? "application/json" : type;
}

function unsupportedType(expected: ExpectedBody): StatusError {
  const types = expected.isCustom ? customBodyTypes : bodyTypes;
  return new StatusError(
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${types}`,
  );
}

function parseBodyJson(text: string, expected: ExpectedBody): JsonValue {
  try {
    return parseJson(text);
  } catch {
    const why = `couldn't get version/kind; json parse error: ${describeJsonError(text)}`;
    throw unrecognized(expected, `${why} (${describeDocument(text)})`);
  }
}

function parseBodyYaml(text: string): JsonValue {
  try {
    return parseYaml(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw badRequest(`error converting YAML to JSON: ${why}`);
  }
}

function decodeText(
  value: JsonValue,
  text: string | undefined,
  expected: ExpectedBody,
): DecodedBody {
  const json = value ?? {};
  if (!isJsonObject(json)) throw notAnObject(json, text ?? "", expected);
  checkKind(json, text ?? "", expected);
  checkTypes(json, expected);
  const warnings = findProblems(json, text, expected);
  return { object: withKind(json, expected), warnings };
}

/** Unknown and duplicate fields, by the validation that was asked for. */
function findProblems(
  json: JsonObject,
  text: string | undefined,
  expected: ExpectedBody,
): readonly string[] {
  if (expected.fieldValidation === "Ignore") return [];
  const problems = findStrictProblems(expected.schema, json, text);
  if (problems.length === 0 || expected.fieldValidation === "Warn") return problems;
  throw badRequest(cannotHandle(expected, `strict decoding error: ${problems.join(", ")}`));
}

function checkKind(json: JsonObject, text: string, expected: ExpectedBody): void {
  const { gvk, isCustom } = expected;
  const { kind, apiVersion } = json;
  const wanted = formatGroupVersion(gvk);
  if (isCustom && (typeof kind !== "string" || kind === "")) {
    const shown = describeDocument(text);
    throw unrecognized(expected, `Object 'Kind' is missing in '${text}' (${shown})`);
  }
  if (typeof apiVersion === "string" && apiVersion !== "" && apiVersion !== wanted) {
    if (!isCustom && !isOtherVersion(apiVersion, gvk)) {
      const of = `no kind ${JSON.stringify(kind ?? gvk.kind)} is registered for version ${JSON.stringify(apiVersion)}`;
      throw badRequest(
        cannotHandle(expected, `${of} in scheme "pkg/api/legacyscheme/scheme.go:30"`),
      );
    }
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${wanted})`,
    );
  }
  if (typeof kind !== "string" || kind === "" || kind === gvk.kind) return;
  if (isCustom) {
    const name = isJsonObject(json["metadata"]) ? json["metadata"]["name"] : "";
    throw invalidObject({ group: gvk.group, kind, name: typeof name === "string" ? name : "" }, [
      invalid("kind", kind, `must be ${gvk.kind}`),
    ]);
  }
  const from = `${goPackage(gvk)}.${kind}`;
  const to = `${goInternalPackage(gvk)}.${gvk.kind}`;
  throw badRequest(
    `${kind} in version ${JSON.stringify(gvk.version)} cannot be handled as a ${gvk.kind}: ` +
      `converting (${from}) to (${to}): unknown conversion`,
  );
}

// Groups beside the core have had other versions of their kinds.
function isOtherVersion(apiVersion: string, { group }: GroupVersionKind): boolean {
  return group !== "" && parseGroupVersion(apiVersion)?.group === group;
}

function checkTypes(json: JsonObject, expected: ExpectedBody): void {
  const metadata = json["metadata"];
  const why = expected.isCustom
    ? metadata === undefined
      ? undefined
      : describeMetadataMismatch(metadata)
    : describeTypeMismatch(expected.schema, json);
  if (why !== undefined) throw badRequest(cannotHandle(expected, why));
}

function withKind(json: JsonObject, { gvk }: ExpectedBody): KubernetesObject {
  const { kind: _, apiVersion: _apiVersion, metadata, ...rest } = json;
  return {
    kind: gvk.kind,
    apiVersion: formatGroupVersion(gvk),
    metadata: isJsonObject(metadata) ? metadata : {},
    ...rest,
  };
}

function notAnObject(json: JsonValue, text: string, expected: ExpectedBody): StatusError {
  const type = Array.isArray(json) ? "array" : typeof json === "boolean" ? "bool" : typeof json;
  const into =
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; ' +
    'Kind string "json:\\"kind,omitempty\\"" }';
  const why = `json: cannot unmarshal ${type} into Go value of type ${into}`;
  const shown = Buffer.from(text).toString("hex");
  return unrecognized(expected, `couldn't get version/kind; json parse error: ${why} (${shown})`);
}

function unrecognized({ gvk }: ExpectedBody, why: string): StatusError {
  return badRequest(`the object provided is unrecognized (must be of type ${gvk.kind}): ${why}`);
}

function cannotHandle({ gvk }: ExpectedBody, why: string): string {
  return `${gvk.kind} in version ${JSON.stringify(gvk.version)} cannot be handled as a ${gvk.kind}: ${why}`;
}

function goPackage({ version }: GroupVersionKind): string {
  return version;
}

function goInternalPackage({ group }: GroupVersionKind): string {
  return group === "" ? "core" : (group.split(".")[0] ?? group);
}
