import type { PeerCertificate } from "node:tls";
import type { ServerCall } from "@cellplane/grpc";
import { headerNames } from "../protocol/methods.ts";

/** What somebody shows when connecting. */
export interface Credentials {
  /** Of the TLS connection, where its chain was verified. */
  readonly certificate: PeerCertificate | undefined;
  /** Of `authorization: Bearer`. */
  readonly token: string | undefined;
}

/** An agent, by what its credential says. */
export interface AgentIdentity {
  /** For logs and status, e.g. `cellplane:agent:hz-a`. */
  readonly name: string;
  /** Whether it may serve a cluster. */
  mayServe(cluster: string): boolean;
}

/** What the caller of a method shows. */
export function credentialsOf(call: ServerCall): Credentials {
  const { tls } = call.peer;
  const certificate = tls?.authorized ? tls.getPeerCertificate() : undefined;
  const bearer = call.metadata[headerNames.authorization];
  // Files with tokens often end in a line break.
  const token = typeof bearer === "string" ? /^Bearer\s+(\S+)\s*$/i.exec(bearer)?.[1] : undefined;
  return { certificate, token };
}

/** Says that a caller shows nothing that it is known by, and what is wrong with what it shows. */
export function describeUnknown(call: ServerCall): string {
  const { tls } = call.peer;
  const bearer = call.metadata[headerNames.authorization];
  return `the agent has no valid credential: ${bearer === undefined ? whyNoCertificate(tls) : "its token is not taken"}`;
}

function whyNoCertificate(tls: ServerCall["peer"]["tls"]): string {
  // Of a connection that is over it is null, whatever Node's types say.
  const shown: object | null | undefined = tls?.getPeerCertificate();
  if (!tls || Object.keys(shown ?? {}).length === 0) return "it shows no certificate";
  if (tls.authorized) return "its certificate is not one of an agent";
  // A code, where Node's types promise an error.
  const why = String(tls.authorizationError);
  if (why === "CERT_HAS_EXPIRED") return "its certificate has expired";
  return `its certificate is not by the authority of this control plane (${why})`;
}

/** Finds out who an agent is; `undefined`: the credentials are none. */
export type AuthenticateAgent = (
  credentials: Credentials,
) => Promise<AgentIdentity | undefined> | AgentIdentity | undefined;

/** Common name of an agent's certificate: this, and the name of the cluster that it may serve. */
export const agentCommonNamePrefix = "cellplane:agent:";

/** Organization in an agent's certificate. */
export const agentOrganization = "cellplane:agents";

/** The cluster that an agent of this name serves. */
export function clusterOfAgent(name: string): string {
  return name.slice(agentCommonNamePrefix.length);
}

/** Takes certificates whose subject is `O=cellplane:agents, CN=cellplane:agent:CLUSTER`. */
export function authenticateCertificate({ certificate }: Credentials): AgentIdentity | undefined {
  const subject = certificate?.subject;
  if (!subject || subject.O !== agentOrganization) return undefined;
  const { CN: name } = subject;
  if (typeof name !== "string" || !name.startsWith(agentCommonNamePrefix)) return undefined;
  const own = clusterOfAgent(name);
  return { name, mayServe: (cluster) => cluster === own };
}
