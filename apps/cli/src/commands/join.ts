import type { Envelope, EnvelopeOptions } from "@cellplane/kms";
import type { Command } from "commander";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import type { RestClient } from "@cellplane/client";
import { type AgentAccess, writeAgentAccess } from "../membership/agent-certificate.ts";
import {
  agentObjects,
  applyAgent,
  formatAgentCommand,
  renderAgentManifest,
} from "../membership/agent-manifest.ts";
import type { Undo } from "../membership/member-account.ts";
import { clientVersion } from "./version.ts";
import type { AgentJoinRequest } from "../membership/join-by-agent.ts";
import { type JoinContext, planJoin } from "../membership/join-cluster.ts";
import { kubeFedClusters } from "../membership/system-namespace.ts";
import { formatObject, parseOutputFormat, type OutputFormat } from "../output/print-object.ts";
import { runSteps } from "../output/progress.ts";
import { CliError } from "../program/cli-error.ts";
import { connectControlPlane, type ControlPlaneOptions } from "../program/control-plane-client.ts";
import { addEnvelopeOptions, requireEnvelope } from "../program/envelope-options.ts";
import { createCommand, timeoutOption } from "./common-options.ts";
import { inClusterEndpoint, runJoinByAgent } from "./join-by-agent.ts";

interface JoinOptions extends ControlPlaneOptions, EnvelopeOptions {
  /** Absent with `--no-member-access` alone. */
  readonly memberKubeconfig?: string;
  readonly memberAccess: boolean;
  readonly apiEndpoint?: string;
  readonly memberContext?: string;
  readonly tenant?: string;
  readonly workspaceGroup?: string;
  readonly useMemberCredential?: boolean;
  readonly types?: string;
  readonly credentialsDir?: string;
  readonly tunnel?: boolean;
  readonly apply?: boolean;
  readonly allowProxy?: boolean;
  readonly agentImage: string;
  readonly seal?: boolean;
  readonly timeout: number;
  readonly output?: OutputFormat;
}

const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** `cellplane join NAME --member-kubeconfig FILE`. */
export function createJoinCommand(): Command {
  const command = createCommand("join", "Join a member cluster to the control plane")
    .argument("<name>", "name of the cluster: a DNS label such as hz-a")
    .option("--member-kubeconfig <file>", "kubeconfig of the member, with admin rights there")
    .option("--member-context <name>", "context of that file (default: the current one)")
    .option(
      "--tenant <tenant>",
      "only cells of this tenant may live there (with --workspace-group)",
    )
    .option("--workspace-group <group>", "… and of this workspace group")
    .option(
      "--use-member-credential",
      "make no account there: store the kubeconfig's own client certificate or token",
    )
    .option("--types <types>", "… and make sure that it serves these kinds: widgets.example.com,…")
    .option(
      "--credentials-dir <dir>",
      "write the credential there, for a controller manager on a host without Secrets",
    )
    .option(
      "--tunnel",
      "reach it through an agent that dials out of it; with --credentials-dir the agent's ca.crt, tls.crt and tls.key are written there, else its manifest is printed",
    )
    .option(
      "--no-member-access",
      "with --tunnel, where only the member's own side can reach it: its agent brings the credential, an hour's token at a time",
    )
    .option(
      "--api-endpoint <url>",
      `… its API server, as its certificate names it (default: ${inClusterEndpoint})`,
    )
    .option("--apply", "… and apply the agent's manifest to the member instead of printing it")
    .option(
      "--agent-image <image>",
      "image of the agent in the manifest",
      `cellplane:${clientVersion()}`,
    )
    .option(
      "--allow-proxy",
      "let the control plane act there for its users, who then reach it by kubectl (cellplane kubeconfig)",
    )
    .option("--seal", "store the credential encrypted, under the key that the next options name")
    .addOption(timeoutOption("how long to wait until it is Ready"))
    .option(
      "-o, --output <format>",
      "print the KubeFedCluster: json, yaml, name",
      parseOutputFormat,
    )
    .addHelpText(
      "after",
      `
In the member it creates the namespace kube-federation-system with a service account
that may do what the federated types need and nothing else; its token is stored as a
Secret of the control plane. Whatever fails, what was done before is undone; but once an
agent of --tunnel has its credential the cluster stays joined, for it may take its time.
Joining again under the same name renews rights and token, e.g. after "cellplane enable".

A server that has no service accounts is joined by the kubeconfig's own credential, with
--use-member-credential; what that may do is then up to the member.

Examples:
  cellplane join hz-a --member-kubeconfig ~/.kube/hz-a
  cellplane join bare --member-kubeconfig bare.kubeconfig --use-member-credential \\
      --types widgets.example.com
  cellplane join hz-a --member-kubeconfig ~/.kube/config --member-context hz-a \\
      --tenant bank --workspace-group prod
  cellplane join hz-a --member-kubeconfig ~/.kube/hz-a --seal --envelope-key-file keys
  cellplane join edge --member-kubeconfig ~/.kube/edge --tunnel --credentials-dir ./edge-agent
  cellplane join edge --member-kubeconfig ~/.kube/edge --tunnel --apply
  cellplane join edge --tunnel --no-member-access > edge.yaml   # applied by whoever runs edge`,
    )
    .action(async (name: string, options: JoinOptions) => runJoin(name, options));
  return addEnvelopeOptions(command);
}

async function runJoin(name: string, options: JoinOptions): Promise<void> {
  checkRequest(name, options);
  const { memberKubeconfig } = options;
  if (!options.memberAccess) return joinWithoutAccess(name, options);
  if (memberKubeconfig === undefined) {
    throw new CliError(
      "Cannot join without the member: give --member-kubeconfig, or --tunnel --no-member-access where it cannot be reached from here",
    );
  }
  const { connection } = await loadKubeconfig({
    file: memberKubeconfig,
    ...(options.memberContext === undefined ? {} : { context: options.memberContext }),
  });
  await using envelope = openJoinEnvelope(options);
  await using controlPlane = await connectControlPlane(options);
  await using member = connectRestClient(connection, { userAgent: "cellplane" });
  const context: JoinContext = { undo: [] };
  const { tenant, workspaceGroup } = options;
  const isTunnelled = options.tunnel === true;
  // With a tunnel that folder is the agent's.
  const credentialsDir = isTunnelled ? undefined : options.credentialsDir;
  const steps = planJoin({
    name,
    controlPlane,
    member,
    connection,
    kubeconfig: memberKubeconfig,
    timeoutMs: options.timeout,
    ...(tenant === undefined ? {} : { tenant }),
    ...(workspaceGroup === undefined ? {} : { workspaceGroup }),
    ...(credentialsDir === undefined ? {} : { credentialsDir }),
    ...(envelope === undefined ? {} : { envelope }),
    ...(options.allowProxy === true ? { allowsProxy: true } : {}),
    ...(isTunnelled
      ? { tunnel: (access, undo) => handAgent(name, { options, access, undo, member }) }
      : {}),
    ...(options.useMemberCredential === true
      ? { ownCredential: { types: options.types?.split(",") ?? [] } }
      : {}),
  });
  try {
    await runSteps(steps, context);
  } catch (error) {
    await undoAll(context);
    throw error;
  }
  const cluster = await controlPlane.get(kubeFedClusters, name);
  const printed = formatObject(cluster, "kubefedcluster.core.kubefed.io", options.output);
  process.stdout.write(
    printed ??
      `Cluster "${name}" is Ready: ${connection.server}, Kubernetes ${context.version ?? ""}\n`,
  );
}

/** Only the member's own side can reach it. */
async function joinWithoutAccess(name: string, options: JoinOptions): Promise<void> {
  await using controlPlane = await connectControlPlane(options);
  const { tenant, workspaceGroup, apiEndpoint: server = inClusterEndpoint } = options;
  const context: JoinContext = { undo: [] };
  const request: AgentJoinRequest = {
    name,
    controlPlane,
    connection: { server },
    tunnel: true,
    bringsCredential: true,
    allowsProxy: options.allowProxy === true,
    image: options.agentImage,
    folder: options.credentialsDir,
    timeoutMs: options.timeout,
    ...(tenant === undefined ? {} : { tenant }),
    ...(workspaceGroup === undefined ? {} : { workspaceGroup }),
  };
  try {
    await runJoinByAgent(request, context);
  } catch (error) {
    await undoAll(context);
    throw error;
  }
}

/** Gives the agent what it needs: as files, in the member itself, or as a manifest to apply there. */
async function handAgent(
  cluster: string,
  given: {
    readonly options: JoinOptions;
    readonly access: AgentAccess;
    readonly undo: Undo;
    readonly member: RestClient;
  },
): Promise<void> {
  const { options, access, undo, member } = given;
  const folder = options.credentialsDir;
  if (folder !== undefined) {
    await writeAgentAccess(folder, access, undo);
    const command = formatAgentCommand(cluster, access, { folder, target: member.server });
    process.stderr.write(`Run the agent where the API server can be reached:\n  ${command}\n`);
    return;
  }
  const manifest = { cluster, access, image: options.agentImage };
  if (options.apply === true) return applyAgent(member, agentObjects(manifest));
  process.stdout.write(renderAgentManifest(manifest));
  process.stderr.write(
    `Apply this manifest in the cluster: "${cluster}" is Ready as soon as its agent has dialled in\n`,
  );
}

function checkRequest(name: string, options: JoinOptions): void {
  const { tenant, workspaceGroup } = options;
  if (!dnsLabel.test(name)) {
    throw new CliError(
      `Cannot join as the name of a cluster must be a DNS label (a-z, 0-9, "-", at most 63 characters, no dots): it is "${name}"`,
    );
  }
  if ((tenant === undefined) !== (workspaceGroup === undefined)) {
    throw new CliError("Cannot join as --tenant and --workspace-group must be given together");
  }
  checkAccess(options);
  if (options.apply === true && (options.tunnel !== true || options.credentialsDir !== undefined)) {
    throw new CliError("Cannot join as --apply goes with --tunnel, and without --credentials-dir");
  }
  if (options.allowProxy === true && options.useMemberCredential === true) {
    throw new CliError(
      "Cannot join as --allow-proxy gives rights to an account, and --use-member-credential makes none",
    );
  }
  if (options.types !== undefined && options.useMemberCredential !== true) {
    throw new CliError("Cannot join as --types goes with --use-member-credential");
  }
}

function checkAccess(options: JoinOptions): void {
  if (options.memberAccess) {
    if (options.apiEndpoint === undefined) return;
    throw new CliError("Cannot join as --api-endpoint goes with --no-member-access");
  }
  const { memberKubeconfig, apply, seal, useMemberCredential } = options;
  if (options.tunnel !== true) {
    throw new CliError("Cannot join as --no-member-access goes with --tunnel");
  }
  checkEndpoint(options.apiEndpoint);
  if (memberKubeconfig !== undefined || apply || seal || useMemberCredential) {
    throw new CliError(
      "Cannot join as --no-member-access goes without --member-kubeconfig, --apply, --seal and --use-member-credential: tokens that agents bring are sealed where the control plane runs with an envelope key",
    );
  }
}

function checkEndpoint(url: string | undefined): void {
  if (url === undefined || (/^https:\/\/./.test(url) && URL.canParse(url))) return;
  throw new CliError(
    `Cannot join as --api-endpoint must be a URL such as ${inClusterEndpoint}: it is "${url}"`,
  );
}

/** A key without `--seal` is refused rather than passed over: somebody believes that it seals. */
function openJoinEnvelope(options: JoinOptions): Envelope | undefined {
  if (options.seal === true) return requireEnvelope(options, "seal the credential");
  const { envelopeKeyFile, envelopeKms } = options;
  if (envelopeKeyFile === undefined && envelopeKms === undefined) return undefined;
  throw new CliError("Cannot join as --envelope-key-file and --envelope-kms go with --seal");
}

async function undoAll(context: JoinContext): Promise<void> {
  for (const undo of context.undo) {
    try {
      await undo();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      process.stderr.write(`Cannot undo a step: ${why}\n`);
    }
  }
}
