import {
  type FieldError,
  invalid,
  invalidObject,
  notSupported,
  required,
  tooLong,
} from "@cellplane/apimachinery";
import type { AuthorizedRequest } from "../request/incoming-request.ts";

/** What a client may say of a create, update or patch. */
export interface WriteOptions {
  readonly kind: WriteOptionsKind;
  readonly dryRun: boolean;
  /** Never empty: the user agent's name where none was given. */
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  readonly force: boolean;
  /** What the request itself said, for admission. */
  readonly given: Readonly<Record<string, unknown>>;
}

/** The kind of the options, for errors and admission. */
export type WriteOptionsKind = "CreateOptions" | "UpdateOptions" | "PatchOptions";

/** What happens to unknown and duplicate fields. */
export type FieldValidation = "Ignore" | "Warn" | "Strict";

const maxManagerBytes = 128;
const defaultManager = "unknown";

/** Reads and checks the options. @throws {StatusError} 422 */
export function parseWriteOptions(
  request: AuthorizedRequest,
  kind: WriteOptionsKind,
  patch?: { readonly isApply: boolean },
): WriteOptions {
  const { query } = request;
  const dryRun = query.getAll("dryRun").filter((each) => each !== "");
  const manager = query.get("fieldManager") ?? "";
  const force = query.get("force");
  const validation = query.get("fieldValidation") ?? "";
  const errors = [
    ...(patch?.isApply === false && force !== null ? [forceError()] : []),
    ...(patch?.isApply === true && manager === ""
      ? [required("fieldManager", "is required for apply patch")]
      : []),
    ...checkManager(manager),
    ...checkDryRun(dryRun),
    ...checkValidation(validation),
  ];
  if (errors.length > 0) throw invalidObject({ group: "meta.k8s.io", kind, name: "" }, errors);
  return {
    kind,
    dryRun: dryRun.length > 0,
    fieldManager: manager === "" ? managerOf(request) : manager,
    fieldValidation: validation === "" ? "Warn" : (validation as FieldValidation),
    force: force !== null && force !== "0" && force.toLowerCase() !== "false",
    given: {
      ...(dryRun.length === 0 ? {} : { dryRun: ["All"] }),
      ...(manager === "" ? {} : { fieldManager: manager }),
      ...(validation === "" ? {} : { fieldValidation: validation }),
    },
  };
}

/** The errors of a `dryRun` parameter. */
export function checkDryRun(dryRun: readonly string[]): readonly FieldError[] {
  if (dryRun.every((each) => each === "All")) return [];
  return [notSupported("dryRun", dryRun, ["All"])];
}

function forceError(): FieldError {
  return {
    reason: "FieldValueForbidden",
    field: "force",
    message: "Forbidden: may not be specified for non-apply patch",
  };
}

function checkManager(manager: string): readonly FieldError[] {
  if (Buffer.byteLength(manager) > maxManagerBytes)
    return [tooLong("fieldManager", maxManagerBytes)];
  let position = 0;
  for (const char of manager) {
    if (!isPrintable(char)) {
      const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
      const why = `invalid character U+${code} (at position ${position})`;
      return [unprintable(manager, why)];
    }
    position += 1;
  }
  return [];
}

// Go quotes control characters in its own way: `\a` for U+0007.
function unprintable(manager: string, why: string): FieldError {
  const error = invalid("fieldManager", manager, why);
  return {
    ...error,
    message: error.message.replaceAll("\\u0007", "\\a").replaceAll("\\u000b", "\\v"),
  };
}

function isPrintable(char: string): boolean {
  return char === " " || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(char);
}

function checkValidation(validation: string): readonly FieldError[] {
  if (["", "Ignore", "Strict", "Warn"].includes(validation)) return [];
  return [notSupported("fieldValidation", validation, ["", "Ignore", "Strict", "Warn"])];
}

function managerOf({ headers }: AuthorizedRequest): string {
  const [name = ""] = (headers["user-agent"] ?? "").split("/");
  return name === "" ? defaultManager : name.slice(0, maxManagerBytes);
}
