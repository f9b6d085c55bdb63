import {
  badRequest,
  type FieldError,
  forbiddenField,
  invalidObject,
  notSupported,
  StatusError,
} from "@cellplane/apimachinery";

/** The query of a list or watch. */
export interface ListOptions {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  /** 0: all. */
  readonly limit: number;
  readonly continue: string;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly timeoutSeconds: number | undefined;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
}

/** Reads the options; checks what may stand together. @throws {StatusError} 400, 422 */
export function parseListOptions(query: URLSearchParams, verb: "list" | "watch"): ListOptions {
  const sendInitialEvents = query.get("sendInitialEvents");
  const options: ListOptions = {
    labelSelector: query.get("labelSelector") ?? "",
    fieldSelector: query.get("fieldSelector") ?? "",
    limit: Math.max(parseInt64(query.get("limit")) ?? 0, 0),
    continue: query.get("continue") ?? "",
    resourceVersion: query.get("resourceVersion") ?? "",
    resourceVersionMatch: query.get("resourceVersionMatch") ?? "",
    timeoutSeconds: parseInt64(query.get("timeoutSeconds")),
    allowWatchBookmarks: parseBool(query.get("allowWatchBookmarks")),
    sendInitialEvents: sendInitialEvents === null ? undefined : parseBool(sendInitialEvents),
  };
  const errors = verb === "watch" ? checkWatch(options) : checkList(options);
  if (errors.length > 0) {
    throw invalidObject({ group: "meta.k8s.io", kind: "ListOptions", name: "" }, errors);
  }
  return options;
}

/** A revision; an empty or `0` one is 0. @throws {StatusError} 400 */
export function parseListRevision(text: string): number {
  const revision = parseRevision(text);
  if (revision !== undefined) return revision;
  throw badRequest(`invalid resource version: ${unparsable(text)}`);
}

/** The same for a watch, where Kubernetes answers 500. */
export function parseWatchRevision(text: string): number {
  const revision = parseRevision(text);
  if (revision !== undefined) return revision;
  throw new StatusError("", unparsable(text), { code: 500 });
}

/** @throws {StatusError} 400 in Go's words. */
export function parseInt64(text: string | null): number | undefined {
  if (text === null || text === "") return undefined;
  if (!/^[+-]?\d+$/.test(text)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Number(text);
}

function parseRevision(text: string): number | undefined {
  if (text === "") return 0;
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

function unparsable(text: string): string {
  const shown = JSON.stringify(text);
  return `resourceVersion: Invalid value: ${shown}: strconv.ParseUint: parsing ${shown}: invalid syntax`;
}

// As Kubernetes converts query parameters: anything but false is true.
function parseBool(text: string | null): boolean {
  return text !== null && text !== "0" && text.toLowerCase() !== "false";
}

function checkList(options: ListOptions): readonly FieldError[] {
  const { resourceVersionMatch: match, resourceVersion, sendInitialEvents } = options;
  const field = "resourceVersionMatch";
  const errors: FieldError[] = [];
  if (match !== "") {
    if (resourceVersion === "") {
      errors.push(
        forbiddenField(field, `${field} is forbidden unless resourceVersion is provided`),
      );
    }
    if (options.continue !== "") {
      errors.push(forbiddenField(field, `${field} is forbidden when continue is provided`));
    }
    if (match !== "Exact" && match !== "NotOlderThan") {
      errors.push(notSupported(field, match, ["Exact", "NotOlderThan", ""]));
    }
    if (match === "Exact" && resourceVersion === "0") {
      errors.push(forbiddenField(field, `${field} "exact" is forbidden for resourceVersion "0"`));
    }
  }
  if (sendInitialEvents !== undefined) {
    errors.push(forbiddenField("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  }
  return errors;
}

function checkWatch(options: ListOptions): readonly FieldError[] {
  const { resourceVersionMatch: match, sendInitialEvents } = options;
  const field = "resourceVersionMatch";
  if (sendInitialEvents === undefined) {
    if (match === "") return [];
    const why = `${field} is forbidden for watch unless sendInitialEvents is provided`;
    return [forbiddenField(field, why)];
  }
  const errors: FieldError[] = [];
  if (match !== "NotOlderThan") {
    errors.push(
      forbiddenField(field, `sendInitialEvents requires setting ${field} to NotOlderThan`),
    );
  }
  if (match !== "" && match !== "NotOlderThan") {
    errors.push(notSupported(field, match, ["NotOlderThan"]));
  }
  return errors;
}
