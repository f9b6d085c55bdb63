import { GrpcError } from "@cellplane/grpc";
import {
  type AgentIdentity,
  type AuthenticateAgent,
  authenticateCertificate,
  clusterOfAgent,
} from "@cellplane/tunnel";
import type { ClusterDirectory } from "./cluster-directory.ts";
import { agentCertificateLifeMs } from "./request-signer.ts";

/** Told who was refused, and why. */
export type RefusalListener = (cluster: string, why: string) => void;

/** Takes certificates of agents that have not been revoked since they were issued. */
export function authenticateUnrevoked(
  directory: Pick<ClusterDirectory, "accepts">,
  onRefuse: RefusalListener,
): AuthenticateAgent {
  return (credentials): AgentIdentity | undefined => {
    const identity = authenticateCertificate(credentials);
    const { certificate } = credentials;
    if (!identity || !certificate) return identity;
    const cluster = clusterOfAgent(identity.name);
    // When it begins is backdated, for the sake of slow clocks.
    const issuedAtMs = Date.parse(certificate.valid_to) - agentCertificateLifeMs;
    if (directory.accepts(cluster, issuedAtMs)) return identity;
    const why = `the certificate of ${identity.name} has been revoked: join the cluster again`;
    onRefuse(cluster, why);
    throw new GrpcError("UNAUTHENTICATED", why);
  };
}
