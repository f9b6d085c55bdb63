import { formatAddress, parseAddress } from "../protocol/address.ts";
import { DialError } from "../protocol/dial-error.ts";
import { isClusterName } from "../protocol/identifiers.ts";

/** Where a client wants to go. */
export interface Destination {
  readonly cluster: string;
  /** Inside the cluster; absent: its API server. */
  readonly address?: string;
}

/**
 * Reads where a client wants to go: the cluster from its header, else from the address, which then is
 * `CLUSTER:port` or `CLUSTER.SUFFIX:port` and stands for the cluster's API server, whatever the port.
 *
 * @throws {DialError} `NoCluster`
 */
export function findDestination(
  address: string,
  { header, suffix }: { readonly header: string | undefined; readonly suffix: string | undefined },
): Destination {
  const parsed = parseAddress(address);
  if (!parsed) throw new DialError("NoCluster", `cannot read the address "${address}"`);
  const named = stripSuffix(parsed.host, suffix);
  if (header === undefined || header === "") {
    if (isClusterName(named) && !/^[\d.]+$/.test(named)) return { cluster: named };
    throw new DialError(
      "NoCluster",
      `no cluster is named: neither by a header nor by "${address}"`,
    );
  }
  if (!isClusterName(header)) throw new DialError("NoCluster", `"${header}" is no cluster's name`);
  return named === header
    ? { cluster: header }
    : { cluster: header, address: formatAddress(parsed) };
}

function stripSuffix(host: string, suffix: string | undefined): string {
  if (suffix === undefined || !host.endsWith(`.${suffix}`)) return host;
  return host.slice(0, -suffix.length - 1);
}
