import type { JsonObject } from "@cellplane/apimachinery";

/** What an operation does, as `x-kubernetes-action` names it. */
export type Action = "get" | "list" | "post" | "put" | "patch" | "delete" | "deletecollection";

const booleans = new Set([
  "allowWatchBookmarks",
  "force",
  "ignoreStoreReadErrorWithClusterBreakingPotential",
  "orphanDependents",
  "sendInitialEvents",
  "watch",
]);
const integers = new Set(["gracePeriodSeconds", "limit", "timeoutSeconds"]);

const list =
  "continue fieldSelector labelSelector limit resourceVersion resourceVersionMatch " +
  "sendInitialEvents timeoutSeconds";
const deletion =
  "dryRun gracePeriodSeconds ignoreStoreReadErrorWithClusterBreakingPotential " +
  "orphanDependents propagationPolicy";
const write = "dryRun fieldManager fieldValidation";

const names: Readonly<Record<Action, string>> = {
  get: "",
  list: `allowWatchBookmarks ${list} watch`,
  post: write,
  put: write,
  patch: `${write} force`,
  delete: deletion,
  deletecollection: `${list} ${deletion}`,
};

/** The query parameters of an operation; kubectl looks there for what the server can do. */
export function queryParametersOf(action: Action): readonly JsonObject[] {
  return `${names[action]} pretty`
    .split(" ")
    .filter((name) => name !== "")
    .toSorted()
    .map((name) => ({ name, in: "query", schema: { type: typeOf(name), uniqueItems: true } }));
}

/** The parameters in a path, in its order. */
export function pathParametersOf(path: string): readonly JsonObject[] {
  return Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string", uniqueItems: true },
  }));
}

function typeOf(name: string): string {
  if (booleans.has(name)) return "boolean";
  return integers.has(name) ? "integer" : "string";
}
