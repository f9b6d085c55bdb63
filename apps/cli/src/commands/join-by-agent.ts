import { formatAgentCommand } from "../membership/agent-manifest.ts";
import {
  type AgentJoinContext,
  type AgentJoinRequest,
  planJoinByAgent,
  planWait,
  renderYaml,
} from "../membership/join-by-agent.ts";
import { runSteps } from "../output/progress.ts";
import { CliError } from "../program/cli-error.ts";

/** Where every cluster's API server is found from inside, and what its certificate names. */
export const inClusterEndpoint = "https://kubernetes.default.svc:443";

/** Joins a cluster that only its own side can reach; what was done is undone by the caller. */
export async function runJoinByAgent(
  request: AgentJoinRequest,
  context: AgentJoinContext,
): Promise<void> {
  await runSteps(planJoinByAgent(request), context);
  const { name, folder } = request;
  const { access, account = "" } = context;
  if (!access) throw new CliError(`Cannot join "${name}" as its agent was not certified`);
  // From here on what is registered stays: the other side may take its time.
  context.undo.length = 0;
  if (folder === undefined) {
    process.stdout.write(renderYaml(context.objects ?? []));
    process.stderr.write(
      `Apply this manifest in the cluster: "${name}" is Ready as soon as its agent has dialled in\n`,
    );
    return;
  }
  const target = request.connection.server;
  const command = formatAgentCommand(name, access, { folder, target, tokenAccount: account });
  process.stderr.write(
    `In the cluster, by somebody who may make accounts and roles there:\n  kubectl apply -f ${folder}/account.yaml\nThen run the agent where its API server can be reached:\n  ${command}\n`,
  );
  await runSteps(planWait(request), context);
  process.stdout.write(`Cluster "${name}" is Ready, by the tokens that its agent brings\n`);
}
