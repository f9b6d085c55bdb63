import { chmodSync, rmSync, statSync } from "node:fs";
import type { TlsOptions } from "node:tls";
import {
  type Authorizer,
  judgeCertificate,
  type Logger,
  type ServingCertificate,
} from "@cellplane/apiserver";
import {
  type AuthorizeClient,
  formatAddress,
  TunnelFrontend,
  type TunnelServer,
} from "@cellplane/tunnel";
import { proxyGroup } from "../cluster-proxy/proxy-path.ts";
import type { FrontendAddress } from "../options/server-options.ts";
import { ServerError } from "../options/server-error.ts";

/** What frontends stand on. */
export interface FrontendsOptions {
  readonly addresses: readonly FrontendAddress[];
  readonly serving: ServingCertificate;
  readonly server: Pick<TunnelServer, "dial" | "frontends">;
  readonly authorize: Authorizer;
  readonly logger: Logger;
}

/** The frontends, as their parts are used. */
export interface Frontends extends AsyncDisposable {
  /** Where they listen, for people. */
  readonly addresses: readonly string[];
  renewTls(tls: TlsOptions): void;
}

/**
 * Serves stock konnectivity clients, by gRPC and by HTTP `CONNECT` on each address. On a Unix socket
 * its mode decides who may; over TCP a client certificate, whose user needs `create` on
 * `clusters/tunnel` of the cluster.
 */
export async function openFrontends(options: FrontendsOptions): Promise<Frontends> {
  await using opened = new AsyncDisposableStack();
  const frontends: TunnelFrontend[] = [];
  const addresses: string[] = [];
  for (const address of options.addresses) {
    const frontend = opened.use(createFrontend(options, address));
    frontends.push(frontend);
    addresses.push(await listen(frontend, address));
  }
  const whole = opened.move();
  return {
    addresses,
    renewTls: (tls) => {
      for (const frontend of frontends) frontend.renewTls(tls);
    },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

/** Lets in users that may `create` `clusters/tunnel` of the cluster. */
export function authorizeByCertificate(
  authorize: Authorizer,
  nowMs: () => number,
): AuthorizeClient {
  return ({ certificate }, { cluster }) => {
    const verdict = certificate ? judgeCertificate(certificate, nowMs()) : undefined;
    if (verdict?.kind !== "known") return false;
    const { user } = verdict;
    const whole = { ...user, groups: [...user.groups, "system:authenticated"] };
    return authorize(whole, {
      isResourceRequest: true,
      path: "",
      verb: "create",
      group: proxyGroup,
      version: "v1alpha1",
      namespace: "",
      resource: "clusters",
      subresource: "tunnel",
      name: cluster,
    }).allowed;
  };
}

function createFrontend(
  { serving, server, authorize, logger }: FrontendsOptions,
  address: FrontendAddress,
): TunnelFrontend {
  const isLocal = "path" in address;
  const { certificate: cert, key } = serving.server;
  return new TunnelFrontend({
    ...(isLocal ? {} : { tls: { cert, key, ca: serving.ca } }),
    dial: (dial) => server.dial(dial),
    metrics: server.frontends,
    authorize: isLocal ? () => true : authorizeByCertificate(authorize, Date.now),
    suffix: undefined,
    onError: (err) => logger.warn({ err }, "a client of the tunnel failed"),
  });
}

async function listen(frontend: TunnelFrontend, address: FrontendAddress): Promise<string> {
  try {
    if ("path" in address) {
      removeSocket(address.path);
      await frontend.listen(address);
      chmodSync(address.path, 0o660);
      return `unix://${address.path}`;
    }
    const bound = await frontend.listen(address);
    return formatAddress({ ...address, port: "port" in bound ? bound.port : address.port });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    const where = "path" in address ? address.path : formatAddress(address);
    throw new ServerError(`Cannot serve clients of the tunnel on ${where}: ${code}`, {
      cause: error,
    });
  }
}

/** One that a server before has left; never a file of another kind. */
function removeSocket(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path);
}
