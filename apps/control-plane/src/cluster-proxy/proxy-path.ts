import { badRequest } from "@cellplane/apimachinery";

/** The API group under which members are reached. */
export const proxyGroup = "proxy.cellplane.io";

/** What a path of the proxy asks for. */
export interface ProxyPath {
  /** A joined cluster, or the dotted name of a cell. */
  readonly cluster: string;
  /** The path in the member, as it came: it begins with `/`. */
  readonly rest: string;
}

const pattern = /^\/apis\/proxy\.cellplane\.io\/v1alpha1\/clusters\/([^/]+)\/proxy(\/.*)?$/;
const dotSegment = /^(\.|%2e){1,2}$/i;

/** Where the paths of a cluster's API begin at the control plane. */
export function proxyPrefixOf(cluster: string): string {
  return `/apis/${proxyGroup}/v1alpha1/clusters/${encodeURIComponent(cluster)}/proxy`;
}

/**
 * Reads the path of a request to the proxy; `undefined`: it is none.
 * @throws {StatusError} 400 for one that leaves the member's API: its server may serve others, too.
 */
export function parseProxyPath(path: string): ProxyPath | undefined {
  const [, name, rest = "/"] = pattern.exec(path) ?? [];
  const cluster = name === undefined ? undefined : decode(name);
  if (cluster === undefined) return undefined;
  if (rest.split(/\/|%2f|\\|%5c/i).some((part) => dotSegment.test(part))) {
    throw badRequest(`Cannot pass the path on as it must have no "." and "..": it is "${rest}"`);
  }
  return { cluster, rest };
}

function decode(name: string): string | undefined {
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
}
