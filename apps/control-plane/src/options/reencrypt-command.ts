import { Command } from "commander";

interface RawOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly resource: readonly string[];
}

/** `cellplane store reencrypt`. */
export function createReencryptCommand(): Command {
  return new Command("reencrypt")
    .description("Rewrite objects that are stored under an older key than the one that encrypts")
    .option("--kubeconfig <file>", "the control plane (default: KUBECONFIG, else ~/.kube/config)")
    .option("--context <name>", "context of that file (default: the current one)")
    .option(
      "--resource <name>",
      "only this resource, such as secrets or widgets.example.com; may be repeated (default: all that the server's encryption configuration names)",
      (name, others: readonly string[]) => [...others, ...name.split(",")],
      [],
    )
    .addHelpText(
      "after",
      `
Goes through the running API server: each object gets a change without a change, which is
written only where the stored form is not the one that would be written now. Safe beside other
writers; may be ended and begun again.

Examples:
  cellplane store reencrypt --kubeconfig ./cp/admin.kubeconfig
  cellplane store reencrypt --kubeconfig ./cp/admin.kubeconfig --resource secrets`,
    )
    .action(async (raw: RawOptions) => {
      const { runReencrypt } = await import("../reencrypt/run-reencrypt.ts");
      await runReencrypt({
        resources: raw.resource,
        ...(raw.kubeconfig === undefined ? {} : { kubeconfig: raw.kubeconfig }),
        ...(raw.context === undefined ? {} : { context: raw.context }),
      });
    })
    .exitOverride();
}
