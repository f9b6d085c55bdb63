import { isIP } from "node:net";
import { connect } from "node:tls";
import { dialThroughProxy } from "@cellplane/client/node";
import type { GrpcChannelOptions } from "@cellplane/grpc";
import { formatAddress, parseAddress } from "@cellplane/tunnel";
import { proxyOf } from "./proxy-environment.ts";

/** What an agent needs to reach a server. */
export interface ServerAccess {
  /** PEM. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  /** HTTPS_PROXY and NO_PROXY count. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/**
 * How to reach a server by its name and one of its addresses (`host:port`): over TLS, and through a
 * proxy if the environment names one. The proxy is given the name: it may know other addresses.
 *
 * @throws {Error} The proxy does not connect.
 */
export async function openServerChannel(
  { host, address }: { readonly host: string; readonly address: string },
  { tls: pair, env, signal }: ServerAccess,
): Promise<GrpcChannelOptions> {
  const tls = { ...pair, ...(isIP(host) === 0 ? { servername: host } : {}) };
  const port = parseAddress(address)?.port ?? 0;
  const proxy = proxyOf({ host, port }, env);
  if (proxy === undefined) return { target: `https://${address}`, tls };
  const socket = await dialThroughProxy(proxy, { host, port }, signal);
  return {
    target: `https://${formatAddress({ host, port })}`,
    // Each connection of the proxy's serves once; whoever needs another asks for a new channel.
    dial: () => connect({ ...tls, socket, ALPNProtocols: ["h2"] }).setNoDelay(true),
  };
}
