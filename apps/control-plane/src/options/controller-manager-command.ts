import { Command } from "commander";
import { kubefed } from "@cellplane/federation";
import type { EnvelopeOptions } from "@cellplane/kms";
import {
  parseWebhookService,
  parseWebhookUrl,
  type WebhookTarget,
} from "../plugin/webhook/webhook-target.ts";
import type { ControllerManagerOptions } from "../plugin/run-controller-manager.ts";
import { addEnvelopeOptions } from "./envelope-options.ts";
import { listenParser, parseListen, parseLogLevel } from "./server-options.ts";

interface RawOptions extends EnvelopeOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace: string;
  readonly listen: ControllerManagerOptions["listen"];
  readonly certDir?: string;
  readonly credentialsDir?: string;
  readonly namespacesFile?: string;
  readonly webhookUrl?: WebhookTarget;
  readonly webhookService?: WebhookTarget;
  readonly controllerUser?: string;
  readonly install?: boolean;
  readonly logLevel: string;
}

/** `cellplane controller-manager`. */
export function createControllerManagerCommand(): Command {
  const command = new Command("controller-manager")
    .description("Run the federation's controllers and webhooks against another API server")
    .option("--kubeconfig <file>", "the host (default: KUBECONFIG, else ~/.kube/config)")
    .option("--context <name>", "context of that file (default: the current one)")
    .option("--namespace <name>", "the system namespace", kubefed.systemNamespace)
    .option(
      "--listen <host:port>",
      "address of the webhooks; port 0 takes a free one",
      listenParser("--listen"),
      parseListen("127.0.0.1:8443", "--listen"),
    )
    .option(
      "--cert-dir <dir>",
      "tls.crt, tls.key and ca.crt of the webhooks, read anew as they change; made if absent",
    )
    .option("--webhook-url <url>", "where the host reaches the webhooks", parseWebhookUrl)
    .option("--webhook-service <namespace/name:port>", "… or by which Service", parseWebhookService)
    .option("--credentials-dir <dir>", "member credentials, for hosts that serve no Secrets")
    .option("--namespaces-file <file>", "namespaces, for hosts where they are no objects")
    .option(
      "--controller-user <name>",
      "who these controllers are to the host (default: as the host says)",
    )
    .option("--install", "install what the host lacks first, as `cellplane install` does")
    .option("--log-level <level>", "debug, info, warn or error", parseLogLevel, "info")
    .addHelpText(
      "after",
      `
Only one controller manager, ours or KubeFed's, runs on a host at a time: the others wait for
the lock. SIGTERM stops it and lets go of the lock; where the lock is lost, it ends at once.

Examples:
  cellplane controller-manager --kubeconfig host.kubeconfig --install
  cellplane controller-manager --cert-dir /certs --webhook-service kube-federation-system/cellplane`,
    )
    .action(async (raw: RawOptions) => {
      const { runControllerManager } = await import("../plugin/run-controller-manager.ts");
      await runControllerManager(optionsOf(raw));
    });
  return addEnvelopeOptions(command);
}

function optionsOf(raw: RawOptions): ControllerManagerOptions {
  const target = raw.webhookUrl ?? raw.webhookService;
  return {
    systemNamespace: raw.namespace,
    listen: raw.listen,
    logLevel: raw.logLevel,
    installs: raw.install === true ? "first" : "never",
    ...(raw.kubeconfig === undefined ? {} : { kubeconfig: raw.kubeconfig }),
    ...(raw.context === undefined ? {} : { context: raw.context }),
    ...(raw.certDir === undefined ? {} : { certDir: raw.certDir }),
    ...(raw.credentialsDir === undefined ? {} : { credentialsDir: raw.credentialsDir }),
    ...(raw.namespacesFile === undefined ? {} : { namespacesFile: raw.namespacesFile }),
    ...(raw.controllerUser === undefined ? {} : { controllerUser: raw.controllerUser }),
    ...(target === undefined ? {} : { target }),
    envelope: {
      ...(raw.envelopeKeyFile === undefined ? {} : { envelopeKeyFile: raw.envelopeKeyFile }),
      ...(raw.envelopeKms === undefined ? {} : { envelopeKms: raw.envelopeKms }),
    },
  };
}
