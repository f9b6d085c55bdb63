import { Command } from "commander";

/** `cellplane kms`. */
export function createKmsCommand(): Command {
  return new Command("kms")
    .description("Run a KMS v2 plug-in that encrypts with the keys of a file")
    .requiredOption(
      "--key-file <file>",
      "keys, one ID:BASE64 a line, mode 0600; the first encrypts",
    )
    .requiredOption("--listen <endpoint>", "where to listen: unix:///path")
    .addHelpText(
      "after",
      `
For trying out what talks to a key service, and for a machine whose only root is the key
file. It speaks Kubernetes' protocol (v2.KeyManagementService), so kube-apiserver can use it,
too. A changed key file counts at once: put a new key first to rotate.

Example:
  (umask 077; echo "2026-11:$(openssl rand -base64 32)" > keys)
  cellplane kms --key-file keys --listen unix:///run/cellplane/kms.sock`,
    )
    .action(async (options: { readonly keyFile: string; readonly listen: string }) => {
      const { runKmsPlugin } = await import("../kms/run-kms-plugin.ts");
      await runKmsPlugin(options);
    });
}
