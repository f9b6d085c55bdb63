import { StatusError } from "@cellplane/apimachinery";
import { proxyGroup } from "./proxy-path.ts";

/** Where a cell's objects are in its member, and who asks for something there. */
export interface CellRequest {
  /** `NAMESPACE.CELL`. */
  readonly cell: string;
  /** The cell's namespace in the member. */
  readonly namespace: string;
  readonly method: string;
  /** In the member. */
  readonly path: string;
  readonly user: string;
}

const discovery = /^\/(api|apis|version|api\/v1|apis\/[^/]+|apis\/[^/]+\/[^/]+|openapi\/v[23].*)$/;
const ownReviews = new Set([
  "selfsubjectaccessreviews",
  "selfsubjectrulesreviews",
  "selfsubjectreviews",
]);
const reviewPath = /^\/apis\/auth(?:entication|orization)\.k8s\.io\/[^/]+\/([^/]+)$/;
const namespacedPath = /^\/(?:api\/v1|apis\/[^/]+\/[^/]+)(?:\/watch)?\/namespaces\/([^/]+)(\/.*)?$/;
/** What a Namespace has below it that is no resource in it. */
const namespaceParts = new Set(["/status", "/finalize"]);

/**
 * Whether a path stays in the namespace of a cell. What every client asks for first may be read
 * besides: what is served, and what the caller may do.
 */
export function isWithinCell({
  method,
  path,
  namespace,
}: Pick<CellRequest, "method" | "path" | "namespace">): boolean {
  const plain = path.replace(/\/$/, "");
  if (plain.includes("//")) return false;
  const reads = method === "GET" || method === "HEAD";
  if (reads && (plain === "" || discovery.test(plain))) return true;
  const [, review] = reviewPath.exec(plain) ?? [];
  if (review !== undefined && ownReviews.has(review)) return method === "POST";
  const [, named, rest = ""] = namespacedPath.exec(plain) ?? [];
  if (named !== namespace) return false;
  // The Namespace itself is the control plane's.
  return (rest !== "" && !namespaceParts.has(rest)) || (reads && rest === "");
}

/** @throws {StatusError} 403 for what is outside of the cell's namespace. */
export function checkWithinCell(request: CellRequest): void {
  if (isWithinCell(request)) return;
  const { cell, namespace, path, user } = request;
  throw new StatusError(
    "Forbidden",
    `clusters.${proxyGroup} ${JSON.stringify(cell)} is forbidden: User ${JSON.stringify(user)} reaches by this cell the namespace ${JSON.stringify(namespace)} alone, and "${path}" is outside of it`,
    { details: { group: proxyGroup, kind: "clusters", name: cell } },
  );
}
