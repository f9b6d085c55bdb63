import { formatGroupResource, type GroupResource } from "../meta/group-version.ts";
import { type FieldError, toCause } from "./field-error.ts";
import { StatusError } from "./status-error.ts";

/** An object by resource and name, for messages and `details`. */
export interface NamedResource extends GroupResource {
  readonly name: string;
}

/** 404 `configmaps "a" not found`. */
export function notFound(object: NamedResource): StatusError {
  return new StatusError("NotFound", `${quoteResource(object)} not found`, {
    details: detailsOf(object),
  });
}

/** 409 `configmaps "a" already exists`. */
export function alreadyExists(object: NamedResource): StatusError {
  return new StatusError("AlreadyExists", `${quoteResource(object)} already exists`, {
    details: detailsOf(object),
  });
}

/** 409 `Operation cannot be fulfilled on configmaps "a": why`. */
export function conflict(object: NamedResource, why: string): StatusError {
  return new StatusError(
    "Conflict",
    `Operation cannot be fulfilled on ${quoteResource(object)}: ${why}`,
    { details: detailsOf(object) },
  );
}

/** 403 `configmaps "a" is forbidden: why`. */
export function forbidden(object: NamedResource, why: string): StatusError {
  const subject = object.name === "" ? formatGroupResource(object) : quoteResource(object);
  return new StatusError("Forbidden", `${subject} is forbidden: ${why}`, {
    details: detailsOf(object),
  });
}

/** 400 with this message. */
export function badRequest(message: string): StatusError {
  return new StatusError("BadRequest", message);
}

/**
 * 422 `Deployment.apps "a" is invalid: …` with one cause a broken rule. `kind` here is the *kind*,
 * as Kubernetes has it in `details`.
 */
export function invalidObject(
  object: { readonly group: string; readonly kind: string; readonly name: string },
  errors: readonly FieldError[],
): StatusError {
  const kind = formatGroupResource({ group: object.group, resource: object.kind });
  // What is broken twice over stands in the message once.
  const texts = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  const joined = texts.length === 1 ? (texts[0] ?? "") : `[${texts.join(", ")}]`;
  return new StatusError(
    "Invalid",
    `${kind} ${JSON.stringify(object.name)} is invalid: ${joined}`,
    {
      details: {
        ...(object.name === "" ? {} : { name: object.name }),
        ...(object.group === "" ? {} : { group: object.group }),
        kind: object.kind,
        causes: errors.map(toCause),
      },
    },
  );
}

/** 404 for an unknown resource of a served group and version. */
export function unknownResource(): StatusError {
  return new StatusError("NotFound", "the server could not find the requested resource", {
    details: {},
  });
}

/** 405. */
export function methodNotAllowed(): StatusError {
  return new StatusError(
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
    { details: {} },
  );
}

function quoteResource(object: NamedResource): string {
  return `${formatGroupResource(object)} ${JSON.stringify(object.name)}`;
}

function detailsOf(object: NamedResource): {
  readonly name?: string;
  readonly group?: string;
  readonly kind: string;
} {
  return {
    ...(object.name === "" ? {} : { name: object.name }),
    ...(object.group === "" ? {} : { group: object.group }),
    kind: object.resource,
  };
}
