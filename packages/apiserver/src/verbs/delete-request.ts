import {
  badRequest,
  decodeProtobuf,
  type FieldError,
  invalid,
  invalidObject,
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  notSupported,
  parseJson,
  parseYaml,
  type ProtobufMessages,
} from "@cellplane/apimachinery";
import type { DeleteOptions } from "../registry/delete-options.ts";
import { contentTypeOf } from "./decode-body.ts";
import { describeJsonError } from "./describe-json-error.ts";
import { parseInt64 } from "./list-options.ts";
import type { ResourceRequest } from "./resource-request.ts";
import { checkDryRun } from "./write-options.ts";

/** A deletion as it was asked for. */
export interface DeleteRequest {
  readonly options: DeleteOptions;
  readonly dryRun: boolean;
  /** The options as they came, for admission. */
  readonly fields: JsonObject;
}

const optionsKind = { group: "", version: "v1", kind: "DeleteOptions" };
const policies = ["Foreground", "Background", "Orphan"];

/** Reads DeleteOptions from the body, or from the query where there is none. @throws {StatusError} 400, 422 */
export async function parseDeleteRequest(target: ResourceRequest): Promise<DeleteRequest> {
  const { request } = target;
  const body = await request.body();
  const json = body.length === 0 ? fromQuery(request.query) : fromBody(target, body);
  const errors = check(json);
  if (errors.length > 0) {
    throw invalidObject({ group: "meta.k8s.io", kind: "DeleteOptions", name: "" }, errors);
  }
  const { kind: _, apiVersion: _apiVersion, ...fields } = json;
  return { options: optionsOf(json), dryRun: dryRunOf(json).length > 0, fields };
}

function fromQuery(query: URLSearchParams): JsonObject {
  const grace = parseInt64(query.get("gracePeriodSeconds"));
  const policy = query.get("propagationPolicy");
  const orphan = query.get("orphanDependents");
  const dryRun = query.getAll("dryRun");
  return {
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...(orphan === null ? {} : { orphanDependents: orphan !== "0" && orphan !== "false" }),
    ...(dryRun.length === 0 ? {} : { dryRun }),
  };
}

function fromBody({ request, protobuf }: ResourceRequest, body: Buffer): JsonObject {
  const json = decode(contentTypeOf(request), body, protobuf);
  if (!isJsonObject(json)) throw badRequest("couldn't get version/kind; json parse error");
  const { kind = "DeleteOptions", apiVersion = "v1" } = json;
  if (kind !== "DeleteOptions" && kind !== "") {
    const of = `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`;
    throw badRequest(`${of} in scheme "pkg/api/legacyscheme/scheme.go:30"`);
  }
  // The query is read where the body leaves it open, and is checked either way.
  return { ...fromQuery(request.query), ...json };
}

function decode(type: string, body: Buffer, messages: ProtobufMessages | undefined): JsonValue {
  if (type === "application/yaml") return yaml(body.toString());
  if (type === "application/vnd.kubernetes.protobuf" && messages) {
    return decodeProtobuf(body, messages, optionsKind);
  }
  return parse(body.toString());
}

function yaml(text: string): JsonValue {
  try {
    return parseYaml(text);
  } catch (error) {
    throw badRequest(
      `error converting YAML to JSON: ${error instanceof Error ? error.message : ""}`,
    );
  }
}

function parse(text: string): JsonValue {
  try {
    return parseJson(text);
  } catch {
    throw badRequest(`couldn't get version/kind; json parse error: ${describeJsonError(text)}`);
  }
}

function check(json: JsonObject): readonly FieldError[] {
  const { propagationPolicy: policy, orphanDependents: orphan } = json;
  const errors: FieldError[] = [];
  if (typeof policy === "string") {
    if (orphan !== undefined && orphan !== null) {
      const why = "orphanDependents and deletionPropagation cannot be both set";
      errors.push(invalid("propagationPolicy", policy, why));
    } else if (!policies.includes(policy)) {
      errors.push(notSupported("propagationPolicy", policy, [...policies, "nil"]));
    }
  }
  return [...errors, ...checkDryRun(dryRunOf(json))];
}

function dryRunOf(json: JsonObject): readonly string[] {
  const dryRun = json["dryRun"];
  return isJsonArray(dryRun) ? dryRun.map(String).filter((each) => each !== "") : [];
}

function optionsOf(json: JsonObject): DeleteOptions {
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions } = json;
  return {
    ...(typeof gracePeriodSeconds === "number" ? { gracePeriodSeconds } : {}),
    ...(isPolicy(propagationPolicy) ? { propagationPolicy } : {}),
    ...(typeof orphanDependents === "boolean" ? { orphanDependents } : {}),
    ...(isJsonObject(preconditions) ? { preconditions: preconditionsOf(preconditions) } : {}),
  };
}

function preconditionsOf(json: JsonObject): NonNullable<DeleteOptions["preconditions"]> {
  const { uid, resourceVersion } = json;
  return {
    ...(typeof uid === "string" ? { uid } : {}),
    ...(typeof resourceVersion === "string" ? { resourceVersion } : {}),
  };
}

function isPolicy(
  value: JsonValue | undefined,
): value is NonNullable<DeleteOptions["propagationPolicy"]> {
  return typeof value === "string" && policies.includes(value);
}
