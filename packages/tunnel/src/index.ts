export { type AgentTargets } from "./agent/agent-targets.ts";
export { relaxCollector } from "./agent/relax-collector.ts";
export {
  type AgentPauses,
  TunnelAgent,
  type TunnelAgentEvents,
  type TunnelAgentOptions,
} from "./agent/tunnel-agent.ts";
export type { AuthorizeClient, FrontendClient } from "./frontend/authorize.ts";
export type { Destination } from "./frontend/find-cluster.ts";
export { TunnelFrontend, type TunnelFrontendOptions } from "./frontend/tunnel-frontend.ts";
export type { AgentLink, LinkCounts } from "./link/agent-link.ts";
export type { ConnectionRecord } from "./link/connection-record.ts";
export { joinStreams } from "./link/join-streams.ts";
export type { BacklogLimits } from "./link/backlog.ts";
export { formatAddress, type HostAndPort, parseAddress } from "./protocol/address.ts";
export { DialError, type DialReason, httpStatusOf } from "./protocol/dial-error.ts";
export { isClusterName } from "./protocol/identifiers.ts";
export {
  agentCommonNamePrefix,
  type AgentIdentity,
  agentOrganization,
  authenticateCertificate,
  clusterOfAgent,
  type AuthenticateAgent,
  type Credentials,
} from "./server/authenticate.ts";
export type { AgentEvents } from "./server/agent-service.ts";
export type { TakeToken } from "./server/token-service.ts";
export { bringToken } from "./agent/bring-token.ts";
export type { MemberToken, ServerList } from "./protocol/methods.ts";
export type { SignAgent } from "./server/credentials-service.ts";
export { type AgentCredential, renewalMs, renewCredential } from "./agent/renew-credential.ts";
export type { ServerRoster } from "./server/servers-service.ts";
export type { TunnelDirectory, TunnelRoute } from "./server/tunnel-directory.ts";
export { type TunnelDial, TunnelServer, type TunnelServerOptions } from "./server/tunnel-server.ts";
export { inSpan, type TunnelSpan } from "./trace/in-span.ts";
