import {
  GrpcError,
  type GrpcHandler,
  handleBidi,
  type Metadata,
  type ServerCall,
} from "@cellplane/grpc";
import { PacketLink } from "../link/packet-link.ts";
import type { BacklogLimits } from "../link/backlog.ts";
import { isClusterName, parseIdentifiers } from "../protocol/identifiers.ts";
import {
  connectMethod,
  hasCapability,
  headerNames,
  ownStreams,
  tellsServers,
} from "../protocol/methods.ts";
import {
  type AgentIdentity,
  type AuthenticateAgent,
  credentialsOf,
  describeUnknown,
} from "./authenticate.ts";
import type { LinkTotals } from "./link-totals.ts";
import type { ClusterTable } from "./cluster-table.ts";
import { createStripes, type Stripes } from "./stripes.ts";
import type { TunnelDirectory } from "./tunnel-directory.ts";
import type { TunnelMetrics } from "./tunnel-metrics.ts";

/** What happens to agents, for the log. */
export interface AgentEvents {
  readonly onConnect: (link: PacketLink) => void;
  readonly onEnd: (link: PacketLink, why: string) => void;
  readonly onRefuse: (
    why: string,
    agent: {
      readonly id: string;
      readonly address: string;
      /** That it named, where it came so far. */
      readonly clusters?: readonly string[];
    },
  ) => void;
  readonly onCut: (link: PacketLink, why: string) => void;
}

/** What serves agents. */
export interface AgentServiceHost {
  readonly serverId: string;
  /** Connections that a stock agent is to have; 1: no more than it needs. */
  readonly stripes: number;
  readonly serverCount: () => number;
  /** Whether it tells agents the servers that there are. */
  readonly hasRoster: boolean;
  readonly authenticate: AuthenticateAgent;
  readonly directory: TunnelDirectory;
  readonly table: ClusterTable;
  /** By the session of each agent, for connections that come on streams of their own. */
  readonly sessions: WeakMap<object, Set<PacketLink>>;
  readonly limits: BacklogLimits;
  readonly metrics: TunnelMetrics;
  readonly totals: LinkTotals;
  readonly events: AgentEvents;
}

/** `AgentService/Connect`: lets an agent in where its credential allows the cluster that it names. */
export function createAgentService(host: AgentServiceHost): GrpcHandler {
  const stripes = createStripes(host.serverId, host.stripes);
  return handleBidi(connectMethod, async ({ requests, responses }, call) => {
    const admitted = await admit(host, call);
    const { peer } = admitted;
    const { serverId, factor } = peer.ownStreams
      ? { serverId: host.serverId, factor: 1 }
      : { serverId: chooseStripe(host, peer.agentId, stripes), factor: stripes.count };
    call.sendHeaders({
      [headerNames.serverId]: serverId,
      [headerNames.serverCount]: String(host.serverCount() * factor),
      [headerNames.capabilities]: host.hasRoster ? `${ownStreams},${tellsServers}` : ownStreams,
    });
    const ended = Promise.withResolvers<void>();
    const traffic = trafficOf(call);
    const streams = {
      requests,
      responses,
      destroy: () => call.destroyConnection(),
      traffic,
    };
    const link = new PacketLink({ ...peer, serverId }, streams, {
      limits: host.limits,
      events: {
        onCut: (cut, why) => {
          host.metrics.cuts.add({ cluster: cut.cluster });
          host.events.onCut(cut, why);
        },
        onEnd: (_, why, code) => {
          leave(host, call, link);
          const { cluster } = link;
          if (code) host.metrics.streamErrors.add({ cluster, segment: "from_agent", code });
          host.totals.end(link);
          host.events.onEnd(link, why);
          ended.resolve();
        },
      },
    });
    enter(host, call, { link, clusters: admitted.clusters });
    await ended.promise;
    // A stock agent looks at its connection alone: without its stream it would seem to be served.
    if (host.sessions.get(call.connection)?.size === 0) call.closeConnection();
  });
}

/** Who the agent is; one whose credential was taken back is refused by an error of its own. */
async function identify(
  { authenticate, metrics }: AgentServiceHost,
  call: ServerCall,
): Promise<AgentIdentity | undefined> {
  try {
    return await authenticate(credentialsOf(call));
  } catch (error) {
    if (error instanceof GrpcError) metrics.refusals.add({ reason: "revoked" });
    throw error;
  }
}

/** Bytes of the connection so far; of its socket, which knows them even when the connection is over. */
function trafficOf(call: ServerCall): () => {
  readonly sentBytes: number;
  readonly receivedBytes: number;
} {
  const { tls } = call.peer;
  return () =>
    tls ? { sentBytes: tls.bytesWritten, receivedBytes: tls.bytesRead } : call.connectionTraffic();
}

interface Admitted {
  readonly peer: Omit<PacketLink["peer"], "serverId">;
  readonly clusters: readonly string[];
}

async function admit(host: AgentServiceHost, call: ServerCall): Promise<Admitted> {
  const agentId = oneOf(call.metadata, headerNames.agentId);
  const address = call.peer.address;
  let named: readonly string[] = [];
  const refuse = (
    reason: string,
    status: "UNAUTHENTICATED" | "PERMISSION_DENIED" | "INVALID_ARGUMENT" | "ALREADY_EXISTS",
    why: string,
  ): GrpcError => {
    host.metrics.refusals.add({ reason });
    host.events.onRefuse(why, { id: agentId ?? "", address, clusters: named });
    return new GrpcError(status, why);
  };
  if (!agentId) {
    throw refuse(
      "malformed",
      "INVALID_ARGUMENT",
      `expected exactly one "${headerNames.agentId}" header`,
    );
  }
  const clusters = readClusters(call.metadata);
  if (typeof clusters === "string") throw refuse("malformed", "INVALID_ARGUMENT", clusters);
  named = clusters;
  const identity = await identify(host, call);
  if (!identity) throw refuse("unauthenticated", "UNAUTHENTICATED", describeUnknown(call));
  for (const cluster of clusters) {
    if (!identity.mayServe(cluster)) {
      throw refuse(
        "cluster",
        "PERMISSION_DENIED",
        `${identity.name} may not serve cluster "${cluster}"`,
      );
    }
    if (!host.directory.routeOf(cluster)) {
      throw refuse(
        "unknown-cluster",
        "PERMISSION_DENIED",
        `there is no cluster "${cluster}" that is reached through a tunnel`,
      );
    }
  }
  for (const link of host.table.links()) {
    if (link.agentId === agentId && link.identity !== identity.name) {
      throw refuse("agent-id", "ALREADY_EXISTS", `agent id "${agentId}" belongs to another agent`);
    }
  }
  const [cluster = ""] = clusters;
  const { metadata } = call;
  const peer = {
    cluster,
    agentId,
    identity: identity.name,
    address,
    agentVersion: call.userAgent ?? "",
    ownStreams: hasCapability(oneOf(metadata, headerNames.capabilities), ownStreams),
  };
  return { peer, clusters };
}

function chooseStripe({ table }: AgentServiceHost, agentId: string, stripes: Stripes): string {
  const taken = new Set<string>();
  for (const { peer } of table.links()) if (peer.agentId === agentId) taken.add(peer.serverId);
  return stripes.choose(taken);
}

/** The clusters that an agent says it serves, or what is wrong with that. */
function readClusters(metadata: Metadata): readonly string[] | string {
  for (const name of [headerNames.cluster, headerNames.agentIdentifiers]) {
    if (metadata[name] !== undefined && oneOf(metadata, name) === undefined) {
      return `expected at most one "${name}" header`;
    }
  }
  const named = oneOf(metadata, headerNames.cluster);
  const text = oneOf(metadata, headerNames.agentIdentifiers) ?? "";
  try {
    const { hosts } = parseIdentifiers(text);
    const clusters = [...new Set(named === undefined ? hosts : [named, ...hosts])];
    if (clusters.length === 0)
      return "the agent names no cluster: give --agent-identifiers=host=NAME";
    const wrong = clusters.find((cluster) => !isClusterName(cluster));
    return wrong === undefined ? clusters : `"${wrong}" is no cluster's name`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The value of a header that came once. */
function oneOf(metadata: Metadata, name: string): string | undefined {
  const value = metadata[name];
  // Values of a header that came several times are joined or listed.
  return typeof value === "string" && !value.includes(", ") ? value : undefined;
}

function enter(
  { table, sessions, metrics, events }: AgentServiceHost,
  call: ServerCall,
  { link, clusters }: { readonly link: PacketLink; readonly clusters: readonly string[] },
): void {
  table.add(link, clusters);
  const own = sessions.get(call.connection);
  if (own) own.add(link);
  else sessions.set(call.connection, new Set([link]));
  metrics.readyBackends.set({ cluster: link.cluster }, table.linksOf(link.cluster).length);
  events.onConnect(link);
}

function leave(
  { table, sessions, metrics }: AgentServiceHost,
  call: ServerCall,
  link: PacketLink,
): void {
  table.remove(link);
  sessions.get(call.connection)?.delete(link);
  metrics.readyBackends.set({ cluster: link.cluster }, table.linksOf(link.cluster).length);
}
