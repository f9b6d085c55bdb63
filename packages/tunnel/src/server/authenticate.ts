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
