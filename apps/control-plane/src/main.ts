import { Command, CommanderError } from "commander";
import { createAgentCommand } from "./options/agent-command.ts";
import { createControllerManagerCommand } from "./options/controller-manager-command.ts";
import { addEnvelopeOptions } from "./options/envelope-options.ts";
import { createEtcdCommand } from "./options/etcd-command.ts";
import { createInstallCommand } from "./options/install-command.ts";
import { createKmsCommand } from "./options/kms-command.ts";
import { createServerCommand } from "./options/server-command.ts";
import {
  checkTunnelOptions,
  listenParser,
  parseFrontend,
  parseStripes,
} from "./options/server-options.ts";
import { createStoreCommand } from "./options/store-command.ts";
import { ServerError } from "./options/server-error.ts";

/** The command line of the server verbs. Sets the exit code; never rejects. */
export async function runMain(args: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync(args, { from: "user" });
  } catch (error) {
    process.exitCode = report(error);
  }
}

function createProgram(): Command {
  const program = new Command("cellplane").exitOverride();
  const up = createServerCommand(
    "up",
    {
      summary: "Run a control plane",
      listen: "127.0.0.1:6443",
      help: `
Serves the Kubernetes API over HTTPS with a CA of its own, and writes DIR/admin.kubeconfig.
Everything is in DIR; SIGTERM stops it cleanly, and what was acknowledged survives SIGKILL.

Examples:
  cellplane up --data-dir ./cp
  cellplane up --data-dir ./cp --listen 0.0.0.0:6443 --audit-log-path audit.jsonl
  kubectl --kubeconfig ./cp/admin.kubeconfig get federatedtypeconfigs -A`,
    },
    async (options) => {
      checkTunnelOptions(options);
      const { runControlPlane } = await import("./control-plane.ts");
      await runControlPlane(options);
    },
  );
  up.option(
    "--tunnel-listen <host:port>",
    "serve agents of members that can only dial out, on this address",
    listenParser("--tunnel-listen"),
  );
  up.option(
    "--tunnel-advertise <host:port>",
    "… and the address that they are told, e.g. of a load balancer; its name is in the certificate",
    listenParser("--tunnel-advertise"),
  );
  up.option(
    "--tunnel-frontends <address...>",
    "… and serve clients of the apiserver-network-proxy (konnectivity) there, each by gRPC and HTTP CONNECT: unix:///PATH or HOST:PORT",
    parseFrontend,
  );
  up.option(
    "--tunnel-stripes <n>",
    "… and how many connections a stock proxy-agent has, so that one that stands still holds up few (default 1)",
    parseStripes,
  );
  up.option(
    "--tracing-config-file <file>",
    "trace requests to members: a TracingConfiguration of apiserver.config.k8s.io/v1, as kube-apiserver takes it",
  );
  const member = createServerCommand(
    "member",
    {
      summary: "Run a try-out member cluster",
      listen: "127.0.0.1:6444",
      help: `
A whole Kubernetes API for trying things out: Deployments and Jobs make progress in their
status, Services get addresses, and no container runs.

Examples:
  cellplane member --data-dir ./hz-a --listen 127.0.0.1:6444
  cellplane join hz-a --kubeconfig ./cp/admin.kubeconfig --member-kubeconfig ./hz-a/admin.kubeconfig`,
    },
    async (options) => {
      const { runMember } = await import("./member.ts");
      await runMember(options);
    },
  );
  const plugin = [createControllerManagerCommand(), createInstallCommand()];
  const services = [
    createAgentCommand(),
    createEtcdCommand(),
    createKmsCommand(),
    createStoreCommand(),
  ];
  for (const command of [addEnvelopeOptions(up), member, ...plugin, ...services])
    program.addCommand(command.exitOverride());
  return program;
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode;
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`Error: ${message}\n`);
  if (!(error instanceof ServerError) && error instanceof Error && process.env["CELLPLANE_DEBUG"]) {
    process.stderr.write(`${error.stack ?? ""}\n`);
  }
  return 1;
}
