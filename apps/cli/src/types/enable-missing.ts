import type { RestClient } from "@cellplane/client";
import { type FederatedTypeConfig, listed } from "@cellplane/federation";
import { CliError } from "../program/cli-error.ts";
import { enableType, renderType } from "./enable-type.ts";
import { type Original, targetName } from "./original.ts";
import { readTypeConfigs } from "./type-configs.ts";

/**
 * The types of these originals, by the names of their targets. Where one is not federated it is
 * left out, or refused.
 */
export async function readConfigsOf(
  controlPlane: RestClient,
  originals: readonly Original[],
  missing: "required" | "optional",
): Promise<ReadonlyMap<string, FederatedTypeConfig>> {
  const all = await readTypeConfigs(controlPlane);
  const configs = new Map(all.map((config) => [config.metadata.name ?? "", config]));
  const lacking = namesOf(originals).filter((name) => !configs.has(name));
  if (lacking.length === 0 || missing === "optional") return configs;
  throw new CliError(
    `Cannot federate as these types are not enabled: ${listed(lacking)}; enable them, or give --enable-type`,
  );
}

/** Enables the types of these originals that are not federated yet, as `source` serves them. */
export async function enableMissing(
  clients: { readonly controlPlane: RestClient; readonly source: RestClient },
  originals: readonly Original[],
  { dryRun, tell }: { readonly dryRun: boolean; readonly tell: (line: string) => void },
): Promise<void> {
  const { controlPlane } = clients;
  const configs = await readConfigsOf(controlPlane, originals, "optional");
  for (const type of namesOf(originals).filter((name) => !configs.has(name))) {
    const objects = await renderType(clients, { type });
    for (const line of await enableType(controlPlane, objects, { dryRun })) tell(line);
  }
}

function namesOf(originals: readonly Original[]): readonly string[] {
  return Array.from(new Set(originals.map(({ target }) => targetName(target)))).sort();
}
