import type { RestClient } from "@cellplane/client";
import { type ConnectionSettings, connectRestClient } from "@cellplane/client/node";
import type { MemberCredentials } from "@cellplane/controllers";
import type { TunnelServer } from "@cellplane/tunnel";

/** A client of a member over HTTPS, by token or by client certificate; through its agent where it says so. */
export function connectMember(
  cluster: string,
  credentials: MemberCredentials,
  {
    token,
    tunnel,
  }: { readonly token: () => string; readonly tunnel: Pick<TunnelServer, "dial"> | undefined },
): RestClient {
  const settings = memberConnection(cluster, credentials, tunnel);
  return connectRestClient(credentials.token === "" ? settings : { ...settings, token }, {
    userAgent: "cellplane",
  });
}

/** How a member is reached, and as whom. */
export function memberConnection(
  cluster: string,
  credentials: MemberCredentials,
  tunnel: Pick<TunnelServer, "dial"> | undefined,
): ConnectionSettings {
  const { endpoint, caBundle, token, clientCertificate, clientKey, skipTlsVerify } = credentials;
  const { disabledTlsChecks, proxyUrl, isTunnelled } = credentials;
  return {
    server: endpoint,
    insecureSkipTlsVerify: skipTlsVerify,
    ...(token === "" ? {} : { token: () => token }),
    ...(caBundle === undefined ? {} : { caBundle }),
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
    ...(clientKey === undefined ? {} : { clientKey }),
    ...(disabledTlsChecks === undefined ? {} : { disabledTlsChecks }),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
    ...(isTunnelled === undefined ? {} : { dial: dialThrough(tunnel, cluster) }),
  };
}

function dialThrough(
  tunnel: Pick<TunnelServer, "dial"> | undefined,
  cluster: string,
): (target: unknown, signal: AbortSignal) => ReturnType<TunnelServer["dial"]> {
  // The target is the cluster's upstream, which the tunnel knows.
  return (_, signal) => {
    if (tunnel) return tunnel.dial({ cluster, signal });
    const why = `cluster "${cluster}" is reached through a tunnel, and this server has none: give --tunnel-listen`;
    return Promise.reject(Object.assign(new Error(why), { code: "ENOTUNNEL" }));
  };
}
