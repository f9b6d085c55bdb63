import type { RestClient } from "@cellplane/client";
import type { Command } from "commander";
import { namespaces } from "../membership/system-namespace.ts";
import { type OutputFormat, parseOutputFormat } from "../output/print-object.ts";
import { renderObjects } from "../output/render-objects.ts";
import { CliError } from "../program/cli-error.ts";
import { connectControlPlane, type ControlPlaneOptions } from "../program/control-plane-client.ts";
import { readInput } from "../program/read-input.ts";
import { findObject } from "../types/ensure-object.ts";
import { enableMissing, readConfigsOf } from "../types/enable-missing.ts";
import { readManifest } from "../types/federate-file.ts";
import {
  type Federated,
  federateAll,
  type FederateOptions,
  overOf,
  writeFederated,
} from "../types/federate-objects.ts";
import { readOriginals } from "../types/read-originals.ts";
import { connectSource } from "../types/source-cluster.ts";
import { createCommand } from "./common-options.ts";

interface FederateFlags extends ControlPlaneOptions {
  readonly namespace: string;
  readonly contents?: boolean;
  readonly enableType?: boolean;
  readonly filename?: string;
  readonly skipApiResources?: string;
  readonly fromMember?: string;
  readonly memberKubeconfig?: string;
  readonly memberContext?: string;
  readonly into?: string;
  readonly over?: string;
  readonly hold?: boolean;
  readonly overwrite?: boolean;
  readonly dryRun?: boolean;
  readonly output?: OutputFormat;
}

const warn = (line: string): void => void process.stderr.write(`Warning: ${line}\n`);
const tell = (line: string): void => void process.stdout.write(`${line}\n`);

/** `cellplane federate TYPE NAME`, `cellplane federate -f FILE`. */
export function createFederateCommand(): Command {
  return createCommand("federate", "Make a federated object of an existing one")
    .argument("[type]", "plural, singular, kind or short name, with its group if need be")
    .argument("[name]", "name of the object")
    .option("-n, --namespace <namespace>", "namespace of the object", "default")
    .option("-c, --contents", "of a namespace: also what is in it")
    .option("-s, --skip-api-resources <names>", "… but for these resources or groups, by comma")
    .option("-t, --enable-type", "enable the types that are not federated yet")
    .option("-f, --filename <file>", "read a manifest (- is the standard input), and only print")
    .option("--from-member <name>", "read the object from this joined member")
    .option("--member-kubeconfig <file>", "… or from any cluster, by its kubeconfig")
    .option("--member-context <name>", "context of that file (default: the current one)")
    .option("--into <namespace>", "namespace of the control plane to put it in (default: the same)")
    .option("--over <topology>", "clusters or cells (default: cells in a tenant's namespace)")
    .option("--hold", "with an empty placement mask: written nowhere until it is widened")
    .option("--overwrite", "give federated objects that exist the template; the rest of them stays")
    .option("--dry-run", "let the control plane judge it, and store nothing")
    .option("-o, --output <format>", "only print: yaml, json, name", parseOutputFormat)
    .addHelpText(
      "after",
      `
The template is the object without status, and without what servers and controllers filled
in; it is placed everywhere. Where a member has an object of that name, it is taken over and
brought to the template: --hold looks first. With --contents, what controllers made (Pods of
a Deployment …) and what each cluster makes for itself is left out.

Examples:
  cellplane federate deployment web -n shop
  cellplane federate namespace shop --contents --enable-type --hold
  cellplane federate deploy web -n bank-prod-rz00a --from-member hz-a --into bank-prod --hold
  cellplane federate -f web.yaml | kubectl apply -f -`,
    )
    .action(async (type: string | undefined, name: string | undefined, flags: FederateFlags) => {
      checkFlags(type, name, flags);
      if (flags.filename !== undefined) return federateFile(flags.filename, flags);
      return federateObjects({ type: type ?? "", name: name ?? "" }, flags);
    });
}

function checkFlags(
  type: string | undefined,
  name: string | undefined,
  { filename, over, enableType, output }: FederateFlags,
): void {
  if (filename !== undefined && type !== undefined) {
    throw new CliError("Cannot federate both an object and a manifest's");
  }
  if (filename === undefined && (type === undefined || name === undefined)) {
    throw new CliError(
      "Cannot federate as a type and a name, or a manifest with -f, must be given",
    );
  }
  if (over !== undefined && over !== "clusters" && over !== "cells") {
    throw new CliError(`Cannot federate as --over must be clusters or cells: it is "${over}"`);
  }
  if (enableType === true && (output !== undefined || filename !== undefined)) {
    throw new CliError("Cannot enable types where federated objects are only printed");
  }
}

async function federateFile(file: string, flags: FederateFlags): Promise<void> {
  const originals = readManifest(await readInput(file), flags.namespace);
  const options = { ...optionsOf(flags, "clusters"), configs: new Map() };
  print(federateAll(originals, options), flags.output ?? "yaml");
}

async function federateObjects(
  named: { readonly type: string; readonly name: string },
  flags: FederateFlags,
): Promise<void> {
  await using controlPlane = await connectControlPlane(flags);
  const { fromMember, memberKubeconfig } = flags;
  const isRemote = fromMember !== undefined || memberKubeconfig !== undefined;
  await using source = isRemote
    ? await connectSource(controlPlane, {
        ...flags,
        ...(fromMember === undefined ? {} : { member: fromMember }),
      })
    : await connectControlPlane(flags);
  const originals = await readOriginals(source, {
    ...named,
    namespace: flags.namespace,
    contents: flags.contents === true,
    usesAccount: fromMember !== undefined && memberKubeconfig === undefined,
    skip: flags.skipApiResources?.split(",") ?? [],
    warn,
  });
  const own = flags.contents === true ? named.name : flags.namespace;
  const home = flags.into ?? own;
  const over = await overOf(controlPlane, home);
  // Cells bring their own namespaces.
  const wanted = over === "cells" && flags.contents === true ? originals.slice(1) : originals;
  const dryRun = flags.dryRun === true;
  if (flags.enableType === true) {
    await enableMissing({ controlPlane, source }, wanted, { dryRun, tell });
  }
  const isPreview = dryRun && flags.enableType === true;
  const configs = await readConfigsOf(controlPlane, wanted, isPreview ? "optional" : "required");
  const all = federateAll(wanted, { ...optionsOf(flags, over), configs });
  if (flags.output !== undefined) return print(all, flags.output);
  await checkNamespace(controlPlane, all);
  const existing = flags.overwrite === true ? "template" : "refuse";
  const served = all.filter(({ path }) => !isPreview || isServed(configs, path.resource));
  await writeFederated(controlPlane, served, { existing, dryRun, tell });
}

function isServed(configs: FederateOptions["configs"], resource: string): boolean {
  return Array.from(configs.values()).some(
    ({ spec }) => spec.federatedType.pluralName === resource,
  );
}

function optionsOf(
  { into, hold, over: asked }: FederateFlags,
  over: FederateOptions["over"],
): Omit<FederateOptions, "configs"> {
  return {
    over: asked === "cells" || asked === "clusters" ? asked : over,
    hold: hold === true ? "everything" : "nothing",
    into,
    warn,
  };
}

async function checkNamespace(controlPlane: RestClient, all: readonly Federated[]): Promise<void> {
  const names = new Set(all.flatMap(({ path }) => path.namespace ?? []));
  for (const name of names) {
    if (await findObject(controlPlane, namespaces, name)) continue;
    throw new CliError(
      `Cannot federate as the control plane has no namespace "${name}"; create it, or name another with --into`,
    );
  }
}

function print(all: readonly Federated[], format: OutputFormat): void {
  const objects = all.map(({ object }) => object);
  process.stdout.write(renderObjects(objects, format));
}
