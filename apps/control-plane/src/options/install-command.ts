import { Command } from "commander";
import { kubefed } from "@cellplane/federation";
import {
  parseWebhookService,
  parseWebhookUrl,
  type WebhookTarget,
} from "../plugin/webhook/webhook-target.ts";
import { ServerError } from "./server-error.ts";

interface RawOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace: string;
  readonly webhookUrl?: WebhookTarget;
  readonly webhookService?: WebhookTarget;
  readonly dryRun?: boolean;
  readonly output?: "yaml" | "json";
}

/** `cellplane install`. */
export function createInstallCommand(): Command {
  return new Command("install")
    .description("Install the federation's kinds in another API server, for controller-manager")
    .option("--kubeconfig <file>", "the host (default: KUBECONFIG, else ~/.kube/config)")
    .option("--context <name>", "context of that file (default: the current one)")
    .option("--namespace <name>", "the system namespace", kubefed.systemNamespace)
    .option(
      "--webhook-url <url>",
      "where the host reaches the webhooks (default: https://127.0.0.1:8443)",
      parseWebhookUrl,
    )
    .option("--webhook-service <namespace/name:port>", "… or by which Service", parseWebhookService)
    .option("--dry-run", "only print what would be installed in a whole Kubernetes API")
    .option("-o, --output <format>", "format of --dry-run: yaml, json", parseFormat)
    .addHelpText(
      "after",
      `
Makes the system namespace, CRDs, roles, settings and type configs; what is there already is
brought up to date, but for settings and type configs, which are yours to edit. The webhooks'
CA is filled in by the controller manager; until then nothing can be converted.

Examples:
  cellplane install --kubeconfig host.kubeconfig
  cellplane install --dry-run -o yaml --webhook-service kube-federation-system/cellplane`,
    )
    .action(async (raw: RawOptions) => {
      const { runInstall } = await import("../plugin/install/run-install.ts");
      await runInstall({
        systemNamespace: raw.namespace,
        target: raw.webhookUrl ?? raw.webhookService ?? parseWebhookUrl("https://127.0.0.1:8443"),
        action:
          raw.dryRun === true ? { kind: "print", format: raw.output ?? "yaml" } : { kind: "apply" },
        ...(raw.kubeconfig === undefined ? {} : { kubeconfig: raw.kubeconfig }),
        ...(raw.context === undefined ? {} : { context: raw.context }),
      });
    });
}

function parseFormat(text: string): "yaml" | "json" {
  if (text === "yaml" || text === "json") return text;
  throw new ServerError(`Cannot print as --output must be yaml or json: it is "${text}"`);
}
