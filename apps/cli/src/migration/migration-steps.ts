import { StatusError } from "@cellplane/apimachinery";
import { kubefed } from "@cellplane/federation";
import { kubeFedConfigs } from "../membership/system-namespace.ts";
import { waitForReady } from "../membership/wait-for-ready.ts";
import type { Step } from "../output/progress.ts";
import { CliError } from "../program/cli-error.ts";
import { confirmLedgers } from "./confirm-ledgers.ts";
import { checkControlPlane, readControlPlane } from "./control-plane-state.ts";
import { eachLimited } from "./each-limited.ts";
import { importClusters } from "./import-clusters.ts";
import { importSettings } from "./imported-settings.ts";
import { importNamespaces, importObject, releaseObject } from "./import-objects.ts";
import { importTypes } from "./import-types.ts";
import { findRunningKubefed, stillRunning } from "./kubefed-lock.ts";
import { readKubefedHost } from "./kubefed-host.ts";
import { type MigrationContext, type MigrationRequest, needed } from "./migration-context.ts";
import { reportItem, reportPlan, type ReportedObject } from "./migration-report.ts";
import { inWords, isNamespaces, type MigrationItem, planMigration } from "./plan-migration.ts";
import { readMembers } from "./read-members.ts";
import { verifyMembers } from "./verify-members.ts";

const parallel = 8;

/** The steps of taking over a KubeFed host, in order. None of them writes to the host or a member. */
export function planMigrationSteps(request: MigrationRequest): readonly Step<MigrationContext>[] {
  const looking: readonly Step<MigrationContext>[] = [
    {
      title: `Look whether KubeFed on ${request.host.server} has stopped`,
      run: (_context, tell) => checkStopped(request, tell),
    },
    { title: "Read the KubeFed host", run: (context) => readHost(request, context) },
    { title: "Read this control plane", run: (context) => readHere(request, context) },
    { title: "Read the members", run: (context) => readMembers(context) },
    { title: "Plan", run: async (context) => plan(context) },
  ];
  if (request.dryRun) return looking;
  return [
    ...looking,
    {
      title: "Copy clusters, settings and types",
      run: (context, tell) => copyFrame(request, context, tell),
    },
    {
      title: "Copy federated objects, each held by an empty mask",
      run: (context, tell) => copyObjects(context, tell),
    },
    {
      title: "Wait until the control plane knows what stands in the members",
      run: async (context, tell) => {
        const items = needed(context.items).filter(({ verdict }) => verdict.kind === "inStep");
        const options = { patienceMs: request.timeoutMs, tell };
        context.confirmed = await confirmLedgers(items, needed(context.here), options);
      },
    },
    { title: "Release what is in step", run: (context, tell) => release(context, tell) },
    {
      title: "Look whether anything was written to a member",
      run: (context, tell) => verifyMembers(request, context, tell),
    },
  ];
}

async function checkStopped(
  { host, hostNamespace, force, dryRun }: MigrationRequest,
  tell: (text: string) => void,
): Promise<void> {
  if (force) return;
  const holder = await findRunningKubefed(host, hostNamespace, tell);
  if (holder === undefined) return;
  if (!dryRun) throw stillRunning(holder, hostNamespace);
  process.stderr.write(
    `Warning: KubeFed's controller still runs, as "${holder}"; stop it before you migrate\n`,
  );
}

async function readHost(
  { host, hostNamespace }: MigrationRequest,
  context: MigrationContext,
): Promise<void> {
  context.host = await readKubefedHost(host, hostNamespace);
}

async function readHere(
  { controlPlane, dryRun }: MigrationRequest,
  context: MigrationContext,
): Promise<void> {
  const here = await readControlPlane(controlPlane);
  const host = needed(context.host);
  if (here.id === host.id && !dryRun) {
    throw new CliError(
      "Cannot migrate as both kubeconfigs lead to the same API server: there is nothing to copy; --dry-run tells what the controllers will find in step, see docs/kubefed.md",
    );
  }
  if (here.id !== host.id) checkControlPlane(here, host);
  context.here = here;
}

function plan(context: MigrationContext): void {
  const host = needed(context.host);
  const view = { host, here: needed(context.here), members: needed(context.members) };
  const items = planMigration(view);
  context.items = items;
  context.report = reportPlan(host, items);
}

async function copyFrame(
  { timeoutMs }: MigrationRequest,
  context: MigrationContext,
  tell: (text: string) => void,
): Promise<void> {
  const host = needed(context.host);
  const here = needed(context.here);
  const { patch, lines } = importSettings(host.settings, here.settings);
  if (lines.length > 0) {
    await here.client.patch(kubeFedConfigs, kubefed.configName, {
      type: "merge",
      body: { spec: patch },
    });
  }
  const types = await importTypes(host, here);
  const clusters = await importClusters(host.clusters, here);
  const notes = [
    ...lines.map((line) => `Taken over into KubeFedConfig: ${line}`),
    ...types.map((name) => `Enabled: ${name}`),
  ];
  const report = needed(context.report);
  context.report = { ...report, notes: [...report.notes, ...notes] };
  const signals = clusters.map((name) => {
    const reading = context.members?.get(name);
    // One that could not be read will not become Ready either: its objects stay held.
    if (reading?.served === undefined) return Promise.resolve();
    return waitForReady(here.client, { name, timeoutMs, staysJoined: false }, (text) =>
      tell(`${name}: ${text}`),
    );
  });
  await Promise.all(signals);
}

async function copyObjects(context: MigrationContext, tell: (text: string) => void): Promise<void> {
  const host = needed(context.host);
  const here = needed(context.here);
  const items = needed(context.items).filter(({ verdict }) => isCopied(verdict.kind));
  await importNamespaces(items, host, here);
  let done = 0;
  const copy = async (item: MigrationItem): Promise<void> => {
    try {
      await importObject(item, host, here);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      throw new CliError(
        `Cannot copy ${inWords(item.source.object)}: ${error.message}. What was copied is held; correct it on the host and run this again`,
        { cause: error },
      );
    }
    tell(`${++done} of ${items.length}`);
  };
  // Where a namespace may be limits what is in it.
  const [homes, others] = partition(items, ({ config }) => isNamespaces(config));
  await eachLimited(homes, parallel, copy);
  await eachLimited(others, parallel, copy);
}

async function release(context: MigrationContext, tell: (text: string) => void): Promise<void> {
  const host = needed(context.host);
  const here = needed(context.here);
  const confirmed = needed(context.confirmed);
  let done = 0;
  const [homes, others] = partition(confirmed, ({ config }) => isNamespaces(config));
  for (const items of [homes, others]) {
    await eachLimited(items, parallel, async (item) => {
      await releaseObject(item, host, here);
      tell(`${++done} of ${confirmed.length}`);
    });
  }
  const set = new Set(confirmed);
  const objects = needed(context.items).map((item): ReportedObject => {
    const reported = reportItem(item);
    if (set.has(item)) return { ...reported, state: "released" };
    if (item.verdict.kind !== "inStep") return reported;
    const reason = "in step by what was read, but not confirmed by the control plane in time";
    return { ...reported, state: "held", reasons: [{ cluster: "", reason }] };
  });
  context.report = { ...needed(context.report), objects };
}

function isCopied(kind: MigrationItem["verdict"]["kind"]): boolean {
  return kind === "inStep" || kind === "differs";
}

function partition<T>(
  items: readonly T[],
  isFirst: (item: T) => boolean,
): readonly [readonly T[], readonly T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}
