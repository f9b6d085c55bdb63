import {
  type FieldError,
  invalid,
  type JsonObject,
  notSupported,
  required,
} from "@cellplane/apimachinery";
import { stringAt, valueAt } from "../plain/plain.ts";
import { brokenQualifiedName } from "./names.ts";

/** How long names in an Event may be, and its note. */
const maxNameLength = 128;
const maxNoteLength = 1024;

/** Events of core/v1, which are lenient, and of events.k8s.io/v1, which are not. */
export function validateEvent(object: JsonObject): FieldError[] {
  const core = stringAt(object, "apiVersion") === "v1";
  const about = stringAt(object, core ? "involvedObject" : "regarding", "namespace");
  return [
    ...validateNamespace(about, stringAt(object, "metadata", "namespace")),
    ...(core ? [] : validateNewStyle(object)),
  ];
}

/** An Event of a cluster-scoped object is in `default`, any other beside its object. */
function validateNamespace(about: string, namespace: string): FieldError[] {
  const fits = about === "" ? namespace === "" || namespace === "default" : about === namespace;
  return fits ? [] : [invalid("involvedObject.namespace", about, "does not match event.namespace")];
}

function validateNewStyle(object: JsonObject): FieldError[] {
  const controller = stringAt(object, "reportingController");
  const type = stringAt(object, "type");
  const note = stringAt(object, "note");
  return [
    ...(valueAt(object, "eventTime") === null || valueAt(object, "eventTime") === undefined
      ? [required("eventTime")]
      : []),
    ...(controller === "" ? [required("reportingController")] : []),
    ...(controller === ""
      ? []
      : brokenQualifiedName(controller).map((rule) =>
          invalid("reportingController", controller, rule),
        )),
    ...["reportingInstance", "action", "reason"].flatMap((name) =>
      requireShort(name, stringAt(object, name)),
    ),
    ...(type === "Normal" || type === "Warning"
      ? []
      : [notSupported("type", type, ["Normal", "Warning"])]),
    ...(note.length > maxNoteLength
      ? [invalid("message", "", `can have at most ${maxNoteLength} characters`)]
      : []),
  ];
}

function requireShort(name: string, value: string): FieldError[] {
  if (value === "") return [required(name)];
  return value.length > maxNameLength
    ? [invalid(name, "", `can have at most ${maxNameLength} characters`)]
    : [];
}
