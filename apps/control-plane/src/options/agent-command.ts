import { Command } from "commander";
import { listenParser, parseLogLevel } from "./server-options.ts";
import { ServerError } from "./server-error.ts";

interface RawOptions {
  readonly server: readonly string[];
  readonly cluster: string;
  readonly credentials: string;
  readonly target?: string;
  readonly allow?: readonly string[];
  readonly agentId?: string;
  readonly credentialsSecret?: string;
  readonly tokenAccount?: string;
  readonly memberKubeconfig?: string;
  readonly graceSeconds: number;
  readonly tracingConfigFile?: string;
  readonly healthListen?: { readonly host: string; readonly port: number };
  readonly logLevel: string;
}

/** `cellplane agent`: the member's side of the tunnel. */
export function createAgentCommand(): Command {
  return new Command("agent")
    .description("Connect a member cluster that can only dial out to its control plane")
    .requiredOption(
      "--server <host:port...>",
      "tunnel addresses of control planes to begin with; a name stands for all its addresses",
    )
    .requiredOption("--cluster <name>", "the cluster that it serves, as it was joined")
    .requiredOption(
      "--credentials <dir>",
      "folder with ca.crt, tls.crt and tls.key; read again for each connection",
    )
    .option(
      "--credentials-secret <namespace/name>",
      "the Secret that this folder is mounted from: renewed certificates go there",
    )
    .option(
      "--target <url>",
      "the API server of this cluster (default: that of the pod that it runs in)",
    )
    .option("--allow <host:port...>", "further addresses that the control plane may name")
    .option("--agent-id <id>", "its name among the agents (default: host name and process)")
    .option(
      "--token-account <namespace/name>",
      "bring the control plane tokens of this service account, of an hour each: after a join without member access",
    )
    .option(
      "--member-kubeconfig <file>",
      "… and ask for them, and for that Secret, by this kubeconfig (default: as the pod that it runs in)",
    )
    .option(
      "--grace-seconds <seconds>",
      "how long connections may go on after SIGTERM, and through a control plane that there is no longer",
      parseSeconds,
      30,
    )
    .option(
      "--tracing-config-file <file>",
      "trace dials: a TracingConfiguration of apiserver.config.k8s.io/v1, as kube-apiserver takes it",
    )
    .option(
      "--health-listen <host:port>",
      "serve /healthz, /readyz and /metrics there, over plain HTTP",
      listenParser("--health-listen"),
    )
    .option("--log-level <level>", "debug, info, warn or error", parseLogLevel, "info")
    .addHelpText(
      "after",
      `
Nothing has to be opened towards the cluster: the agent connects out, over TLS, and the control
plane reaches the API server through it. TLS between the control plane and the API server is end
to end; the agent sees ciphertext. It opens its target and what --allow names, and nothing else.
HTTPS_PROXY and NO_PROXY are honoured. The control planes that it is connected to tell it of others
on their database: it connects to those that are added, and leaves those that are gone.

Examples:
  cellplane agent --server cp.example.com:8091 --cluster hz-a --credentials ./hz-a-agent
  cellplane agent --server cp-1:8091 cp-2:8091 --cluster hz-a --credentials ./hz-a-agent \\
      --target https://127.0.0.1:6443`,
    )
    .action(async (raw: RawOptions) => {
      const { runAgent } = await import("../tunnel/run-agent.ts");
      await runAgent({
        servers: raw.server,
        cluster: raw.cluster,
        credentialsDir: raw.credentials,
        target: raw.target,
        allowed: raw.allow ?? [],
        agentId: raw.agentId,
        credentialsSecret: raw.credentialsSecret,
        tokenAccount: raw.tokenAccount,
        memberKubeconfig: raw.memberKubeconfig,
        graceMs: raw.graceSeconds * 1000,
        tracingConfigFile: raw.tracingConfigFile,
        healthListen: raw.healthListen,
        logLevel: raw.logLevel,
      });
    });
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  throw new ServerError(`Cannot start as --grace-seconds must be a number: it is "${text}"`);
}
