import { stringifyJson, stringifyYaml } from "@cellplane/apimachinery";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import { allHostFeatures, describeMissing, detectHostFeatures } from "../host/host-features.ts";
import type { WebhookTarget } from "../webhook/webhook-target.ts";
import { applyInstallation } from "./apply-installation.ts";
import { renderInstallation } from "./render-installation.ts";

/** What `install` is told. */
export interface InstallOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly systemNamespace: string;
  readonly target: WebhookTarget;
  readonly action:
    | { readonly kind: "apply" }
    | { readonly kind: "print"; readonly format: "yaml" | "json" };
}

/** Installs the federation's kinds in a host, or prints what would be for a whole Kubernetes API. */
export async function runInstall(options: InstallOptions): Promise<void> {
  const { systemNamespace, target, action } = options;
  const common = { systemNamespace, target, caBundle: "" };
  if (action.kind === "print") {
    const objects = renderInstallation({ ...common, features: allHostFeatures });
    const items = objects.map(({ object }) => object);
    process.stdout.write(
      action.format === "json"
        ? `${stringifyJson({ apiVersion: "v1", kind: "List", items }, 2)}\n`
        : items.map((object) => `---\n${stringifyYaml(object)}`).join(""),
    );
    return;
  }
  const { connection } = await loadKubeconfig({
    ...(options.kubeconfig === undefined ? {} : { file: options.kubeconfig }),
    ...(options.context === undefined ? {} : { context: options.context }),
  });
  await using client = connectRestClient(connection, { userAgent: "cellplane-install" });
  const { signal } = new AbortController();
  const features = await detectHostFeatures(client, signal);
  for (const text of describeMissing(features)) process.stderr.write(`Note: ${text}\n`);
  await applyInstallation(
    client,
    renderInstallation({ ...common, features }),
    ({ object }, outcome) => {
      const { kind = "", metadata } = object;
      process.stdout.write(`${kind.toLowerCase()}/${metadata.name ?? ""} ${outcome}\n`);
    },
    signal,
  );
}
