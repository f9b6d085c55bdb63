import {
  type BidiMethod,
  rawBytes,
  type ServerStreamMethod,
  type UnaryMethod,
} from "@cellplane/grpc";
import { packet, type Packet } from "./packet.ts";

/** An agent's stream. The services have no package name on the wire. */
export const connectMethod: BidiMethod<Packet, Packet> = {
  kind: "bidi",
  path: "/AgentService/Connect",
  request: packet,
  response: packet,
};

/** A client's stream. */
export const proxyMethod: BidiMethod<Packet, Packet> = {
  kind: "bidi",
  path: "/ProxyService/Proxy",
  request: packet,
  response: packet,
};

/** Certifies a new key of an agent that is let in by its present one. Both sides are bytes of PEM. */
export const renewMethod: UnaryMethod<Uint8Array, Uint8Array> = {
  kind: "unary",
  path: "/cellplane.tunnel.v1.Credentials/Renew",
  request: rawBytes,
  response: rawBytes,
};

/** What an agent brings for the API server of its cluster. */
export interface MemberToken {
  readonly token: string;
  /** When the token ends, RFC 3339. */
  readonly endsAt: string;
  /** The authority of the API server, PEM; absent where its certificate is publicly trusted. */
  readonly ca?: string;
}

/** Takes a short-lived token for the agent's own cluster: JSON of a `MemberToken`. Answers nothing. */
export const bringTokenMethod: UnaryMethod<Uint8Array, Uint8Array> = {
  kind: "unary",
  path: "/cellplane.tunnel.v1.Credentials/BringToken",
  request: rawBytes,
  response: rawBytes,
};

/** The servers that there are now, as each of them tells its agents. */
export interface ServerList {
  /** `host:port` that agents dial; several servers may share one, behind a load balancer. */
  readonly servers: readonly string[];
  /** How many servers there are. */
  readonly count: number;
}

/** Tells an agent the servers there are, at once and whenever they change: JSON of a `ServerList`. */
export const watchServersMethod: ServerStreamMethod<Uint8Array, Uint8Array> = {
  kind: "serverStream",
  path: "/cellplane.tunnel.v1.Servers/Watch",
  request: rawBytes,
  response: rawBytes,
};

/** Where an agent of ours opens the bytes of one connection, beside its stream and on the same session. */
export const connectionPath = "/cellplane.tunnel.v1/Connection";

/** Names of metadata and headers, as they are on the wire. */
export const headerNames = {
  agentId: "agentid",
  agentIdentifiers: "agentidentifiers",
  authorization: "authorization",
  serverId: "serverid",
  serverCount: "servercount",
  /** The cluster that an agent serves, or that a client wants. */
  cluster: "fed-cluster",
  /** Which extensions a peer has, separated by commas. */
  capabilities: "fed-caps",
  /** The dial that a connection belongs to. */
  dial: "fed-dial",
} as const;

/**
 * Stands for the API server of the agent's own cluster, whose address only the agent knows for
 * sure. Sent to agents of ours alone.
 */
export const apiServerAddress = "cellplane-api-server:443";

/** Each connection has an HTTP/2 stream of its own. */
export const ownStreams = "streams";

/** The server has `watchServersMethod`. */
export const tellsServers = "servers";

/** Whether a list of capabilities has one. */
export function hasCapability(list: string | undefined, name: string): boolean {
  return (list ?? "").split(",").some((each) => each.trim() === name);
}
