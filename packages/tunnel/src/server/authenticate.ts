import type { PeerCertificate } from "node:tls";

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

/** Finds out who an agent is; `undefined`: the credentials are none. */
export type AuthenticateAgent = (
  credentials: Credentials,
) => Promise<AgentIdentity | undefined> | AgentIdentity | undefined;

/** Common name of an agent's certificate: this, and the name of the cluster that it may serve. */
export const agentCommonNamePrefix = "cellplane:agent:";

/** Organization in an agent's certificate. */
export const agentOrganization = "cellplane:agents";

/** Takes certificates whose subject is `O=cellplane:agents, CN=cellplane:agent:CLUSTER`. */
export function authenticateCertificate({ certificate }: Credentials): AgentIdentity | undefined {
  const subject = certificate?.subject;
  if (!subject || subject.O !== agentOrganization) return undefined;
  const { CN: name } = subject;
  if (typeof name !== "string" || !name.startsWith(agentCommonNamePrefix)) return undefined;
  const own = name.slice(agentCommonNamePrefix.length);
  return { name, mayServe: (cluster) => cluster === own };
}
