import { badRequest, StatusError } from "@cellplane/apimachinery";
import type { AuthorizedRequest } from "../request/incoming-request.ts";
import { type AnswerForm, type Encoding, negotiate } from "./media-type.ts";
import type { ResourceRequest } from "./resource-request.ts";

/** What a row of a Table holds of its object. */
export type IncludeObject = "None" | "Metadata" | "Object";

/** The form of an answer, with what the query adds. */
export interface RequestedForm extends AnswerForm {
  readonly includeObject: IncludeObject;
}

const encodings: readonly Encoding[] = ["json", "yaml", "protobuf"];
const customEncodings: readonly Encoding[] = ["json", "yaml"];
const objectTypes = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
const streamTypes =
  "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";
const prettyAgents = /^(curl|Wget|Mozilla\/)/;

/** The form that the request wants of one object. @throws {StatusError} 406, 400 */
export function objectForm(target: ResourceRequest): RequestedForm {
  const form = requestedForm(target, objectTypes);
  if (form.shape === "partial" && form.asList) {
    throw mismatch("PartialObjectMetadataList", `not a list (*core.${target.definition.kind})`);
  }
  return form;
}

/** The form that the request wants of a list. @throws {StatusError} 406, 400 */
export function listForm(target: ResourceRequest): RequestedForm {
  const form = requestedForm(target, `${objectTypes}, ${streamTypes}`);
  if (form.shape === "partial" && !form.asList) {
    throw mismatch("PartialObjectMetadata", `a list (*core.${target.definition.listKind})`);
  }
  return form;
}

/** The form that the request wants of the objects of a watch. @throws {StatusError} 406, 400 */
export function watchForm(target: ResourceRequest): RequestedForm {
  const form = requestedForm(target, `${objectTypes}, ${streamTypes}`);
  if (form.encoding !== "yaml") return form;
  const message = `only the following media types are accepted: ${streamTypes}`;
  throw new StatusError("NotAcceptable", message);
}

function requestedForm({ request, definition }: ResourceRequest, available: string): RequestedForm {
  const isCustom = definition.origin === "crd";
  const form = negotiate(request.headers["accept"], {
    encodings: isCustom ? customEncodings : encodings,
    ...(isCustom ? {} : { available }),
  });
  const includeObject = form.shape === "table" ? parseIncludeObject(request) : "Metadata";
  return { ...form, pretty: form.pretty || wantsPretty(request), includeObject };
}

function wantsPretty({ query, headers }: AuthorizedRequest): boolean {
  const pretty = query.get("pretty");
  if (pretty !== null) return pretty === "true" || pretty === "1";
  return prettyAgents.test(headers["user-agent"] ?? "");
}

function parseIncludeObject({ query }: AuthorizedRequest): IncludeObject {
  const include = query.get("includeObject") ?? "";
  switch (include) {
    case "":
      return "Metadata";
    case "None":
    case "Metadata":
    case "Object":
      return include;
    default:
      throw badRequest(
        "Unable to convert to Table as requested: includeObject: Invalid value: " +
          `${JSON.stringify(include)}: must be 'Metadata', 'Object', 'None', or empty`,
      );
  }
}

function mismatch(wanted: string, what: string): StatusError {
  const message = `you requested ${wanted}, but the requested object is ${what}`;
  return new StatusError("NotAcceptable", message);
}
