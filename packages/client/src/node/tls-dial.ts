import type * as http from "node:http";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import type * as tls from "node:tls";
import { checkChainWithoutDates } from "./check-expired-chain.ts";
import type { TlsDial } from "./connect-tls.ts";
import type { ConnectionSettings } from "./credentials.ts";
import { dialThroughProxy, type ProxyTarget } from "./dial-proxy.ts";

/** How connections are opened as these settings say: through which proxy, with which checks. */
export function tlsDialOf(settings: ConnectionSettings, url: URL, signal: AbortSignal): TlsDial {
  const { proxyUrl, caBundle, disabledTlsChecks = [] } = settings;
  const host = settings.tlsServerName ?? url.hostname;
  const bare = host.replace(/^\[|\]$/g, "");
  const skipsName = disabledTlsChecks.includes("SubjectName");
  const skipsDates = disabledTlsChecks.includes("ValidityPeriod");
  const skipsAll = settings.insecureSkipTlsVerify === true;
  const options = {
    ...(caBundle === undefined ? {} : { ca: caBundle }),
    ...(settings.clientCertificate === undefined ? {} : { cert: settings.clientCertificate }),
    ...(settings.clientKey === undefined ? {} : { key: settings.clientKey }),
    rejectUnauthorized: !skipsAll && !skipsDates,
    ...(isIP(bare) === 0 ? { servername: host } : {}),
    ...(skipsName ? { checkServerIdentity: (): undefined => undefined } : {}),
  };
  const dial = (target: ProxyTarget): Promise<Duplex> =>
    settings.dial?.(target, signal) ?? dialThroughProxy(proxyUrl ?? "", target, signal);
  const check = (socket: tls.TLSSocket): Error | undefined =>
    checkChainWithoutDates(socket, { caBundle, host: skipsName ? undefined : bare });
  return {
    options,
    ...(proxyUrl === undefined && settings.dial === undefined ? {} : { dial }),
    ...(skipsDates && !skipsAll ? { check } : {}),
  };
}

/** Has an agent open its connections in this way. */
export function openingBy<A extends http.Agent>(
  agent: A,
  open: (target: {
    readonly host?: string | null | undefined;
    readonly port?: number | string | null | undefined;
  }) => Promise<Duplex>,
): A {
  agent.createConnection = (target, callback) => {
    open(target).then(
      (socket) => callback?.(null, socket),
      (error: unknown) => callback?.(asError(error), undefined as unknown as Duplex),
    );
    return undefined;
  };
  return agent;
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
