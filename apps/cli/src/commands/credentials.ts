import { setTimeout as delay } from "node:timers/promises";
import { loadKubeconfig } from "@cellplane/client/node";
import type { EnvelopeOptions } from "@cellplane/kms";
import { Command } from "commander";
import { checkCredential, goodStates } from "../credentials/check-credentials.ts";
import { listCredentials } from "../credentials/cluster-credentials.ts";
import { resealCredential } from "../credentials/reseal-credential.ts";
import { rotateCredential } from "../credentials/rotate-credential.ts";
import { readControlPlaneId } from "../membership/join-cluster.ts";
import { accountName } from "../membership/member-account.ts";
import { renderTable } from "../output/table.ts";
import { CliError } from "../program/cli-error.ts";
import { connectControlPlane, type ControlPlaneOptions } from "../program/control-plane-client.ts";
import {
  addEnvelopeOptions,
  openCliEnvelope,
  requireEnvelope,
} from "../program/envelope-options.ts";
import { createCommand } from "./common-options.ts";

type Options = ControlPlaneOptions & EnvelopeOptions;

interface RotateOptions extends Options {
  readonly all?: boolean;
  readonly memberKubeconfig?: string;
  readonly memberContext?: string;
  readonly grace: number;
}

/** `cellplane credentials check|reseal|rotate`. */
export function createCredentialsCommand(): Command {
  return new Command("credentials")
    .description("Check, reseal and rotate the credentials of member clusters")
    .addCommand(createCheckCommand())
    .addCommand(createResealCommand())
    .addCommand(createRotateCommand());
}

function createCheckCommand(): Command {
  const command = createCommand("check", "List how each member's credential is kept").addHelpText(
    "after",
    `
Exits with 1 if one of them is plaintext, sealed under a key that is not the newest, or cannot
be opened. Without a key only plaintext is found.

Example:
  cellplane credentials check --envelope-key-file keys`,
  );
  return addEnvelopeOptions(command).action(async (options: Options) => {
    await using envelope = openCliEnvelope(options);
    await using controlPlane = await connectControlPlane(options);
    const all = await listCredentials(controlPlane);
    const findings = await Promise.all(all.map((each) => checkCredential(each, envelope)));
    const rows = findings.map(({ cluster, secret, state, keyId, message }) => {
      return [cluster, secret, state, keyId === "" ? "-" : keyId, message];
    });
    process.stdout.write(renderTable(["CLUSTER", "SECRET", "STATE", "KEY", "MESSAGE"], rows));
    const bad = findings.filter(({ state }) => !goodStates.has(state));
    if (bad.length === 0) return;
    const names = bad.map(({ cluster }) => cluster).join(", ");
    throw new CliError(
      `${bad.length} of ${all.length} credentials are not sealed as they should be: ${names}`,
    );
  });
}

function createResealCommand(): Command {
  const command = createCommand(
    "reseal",
    "Seal every member's credential under the newest key",
  ).addHelpText(
    "after",
    `
Credentials that are still plaintext are sealed, too. Start the control plane with the key first.

Example:
  cellplane credentials reseal --envelope-key-file keys`,
  );
  return addEnvelopeOptions(command).action(async (options: Options) => {
    await using envelope = requireEnvelope(options, "reseal credentials");
    await using controlPlane = await connectControlPlane(options);
    const all = await listCredentials(controlPlane);
    await forEach(all, async (each) => {
      const finding = await checkCredential(each, envelope);
      const isNew = await resealCredential({ ...each, finding }, envelope, controlPlane);
      const keyId = await envelope.currentKeyId();
      const done = isNew ? "resealed" : "sealed already";
      process.stdout.write(`Credential of "${each.cluster}" ${done} under the key "${keyId}"\n`);
    });
  });
}

function createRotateCommand(): Command {
  const command = createCommand("rotate", "Give members' accounts new tokens, and revoke the old")
    .argument("[name]", "name of the cluster")
    .option("--all", "every joined cluster")
    .option(
      "--member-kubeconfig <file>",
      "kubeconfig of the member, where its account may not make itself a token",
    )
    .option("--member-context <name>", "context of that file (default: the current one)")
    .option(
      "--grace <seconds>",
      "time for the control plane to take up the new token before the old one is revoked",
      parseSeconds,
      5,
    )
    .addHelpText(
      "after",
      `
The control plane takes up the new token without a restart. A sealed credential stays sealed.

Examples:
  cellplane credentials rotate hz-a --envelope-key-file keys
  cellplane credentials rotate --all --envelope-kms unix:///run/cellplane/kms.sock`,
    );
  return addEnvelopeOptions(command).action(
    async (name: string | undefined, options: RotateOptions) => {
      if ((name === undefined) === (options.all !== true)) {
        throw new CliError("Cannot rotate as either a NAME or --all must be given");
      }
      if (name === undefined && options.memberKubeconfig !== undefined) {
        throw new CliError("Cannot rotate as --member-kubeconfig goes with one NAME");
      }
      await runRotate(name, options);
    },
  );
}

async function runRotate(name: string | undefined, options: RotateOptions): Promise<void> {
  const { memberKubeconfig, memberContext } = options;
  await using envelope = openCliEnvelope(options);
  await using controlPlane = await connectControlPlane(options);
  const member =
    memberKubeconfig === undefined
      ? undefined
      : (
          await loadKubeconfig({
            file: memberKubeconfig,
            ...(memberContext === undefined ? {} : { context: memberContext }),
          })
        ).connection;
  const id = await readControlPlaneId(controlPlane);
  const clusters =
    name === undefined
      ? (await listCredentials(controlPlane)).map(({ cluster }) => cluster)
      : [name];
  await forEach(clusters, async (cluster) => {
    await rotateCredential({
      cluster,
      controlPlane,
      envelope,
      account: accountName(id, cluster),
      graceMs: options.grace * 1000,
      wait: (ms) => delay(ms),
      ...(member === undefined ? {} : { member }),
    });
    process.stdout.write(`Credential of "${cluster}" rotated\n`);
  });
}

/** Goes on after a failure, and fails at the end. */
async function forEach<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(items.map(act));
  const failed = results.filter((result) => result.status === "rejected");
  for (const { reason } of failed.slice(1)) process.stderr.write(`Error: ${messageOf(reason)}\n`);
  if (failed[0]) throw failed[0].reason;
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  throw new CliError(`Cannot wait as --grace must be a number of seconds: it is "${text}"`);
}
