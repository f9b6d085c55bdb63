/** Agents of ours: as many as wanted, each of its own cluster. */
import { relaxCollector, TunnelAgent } from "../../../packages/tunnel/src/index.ts";
import { runRole } from "./role.ts";

/** Who connects where. */
export interface AgentConfig {
  readonly servers: readonly string[];
  readonly target: string;
  readonly ca: string;
  readonly agents: readonly {
    readonly cluster: string;
    readonly cert: string;
    readonly key: string;
  }[];
}

runRole<AgentConfig>(async ({ servers, target, ca, agents }) => {
  // As the program does, which is one agent.
  if (agents.length === 1) relaxCollector();
  for (const { cluster, cert, key } of agents) {
    void new TunnelAgent({
      servers,
      agentId: `agent-${cluster}`,
      cluster,
      targets: { target },
      channelOf: ({ address }) => ({
        target: `https://${address}`,
        tls: { ca, cert, key, servername: "localhost" },
      }),
    });
  }
  return 0;
});
