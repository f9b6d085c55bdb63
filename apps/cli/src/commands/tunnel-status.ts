import { parseJson } from "@cellplane/apimachinery";
import { statusErrorOf } from "@cellplane/client";
import type { Command } from "commander";
import { formatAge } from "../output/format-age.ts";
import { printValue } from "../output/print-value.ts";
import { renderTable } from "../output/table.ts";
import { CliError } from "../program/cli-error.ts";
import { connectControlPlane, type ControlPlaneOptions } from "../program/control-plane-client.ts";
import { createCommand } from "./common-options.ts";

type StatusFormat = "json" | "wide" | "yaml";

interface StatusOptions extends ControlPlaneOptions {
  readonly output?: StatusFormat;
}

interface Agent {
  readonly id: string;
  readonly version: string;
  readonly address: string;
  readonly connectedSince: string;
  readonly draining: boolean;
  readonly connections: number;
  readonly pendingDials: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

interface Incident {
  readonly time: string;
  readonly message: string;
}

interface Cluster {
  readonly cluster: string;
  readonly agents: readonly Agent[];
  readonly lastError?: Incident;
}

interface Status {
  readonly serverId: string;
  readonly clusters: readonly Cluster[];
  readonly lastRefusal?: Incident;
}

const statusPath = "/apis/tunnel.cellplane.io/v1alpha1/status";

/** `cellplane tunnel status`. */
export function createTunnelStatusCommand(): Command {
  return createCommand("status", "Show the agents of each cluster, and what goes through them")
    .option("-o, --output <format>", "json, yaml, or wide: also their addresses", parseFormat)
    .addHelpText(
      "after",
      `
One row for each agent, and one for each cluster that has none. What is told is of the control
plane that was asked: of several on one database, each has connections of its own to every agent.
The exit code is 1 if a cluster has no agent there.`,
    )
    .action(async (options: StatusOptions) => {
      const status = await readStatus(options);
      process.stdout.write(
        options.output === "json" || options.output === "yaml"
          ? printValue(status, options.output)
          : renderStatus(status, options.output === "wide"),
      );
      const without = status.clusters.filter(({ agents }) => agents.length === 0);
      if (without.length === 0) return;
      const names = without.map(({ cluster }) => `"${cluster}"`).join(", ");
      process.stderr.write(`No agent of ${names} is connected to ${status.serverId}\n`);
      process.exitCode = 1;
    });
}

function parseFormat(text: string): StatusFormat {
  if (text === "json" || text === "yaml" || text === "wide") return text;
  throw new CliError(`Cannot print as --output must be json, yaml or wide: it is "${text}"`);
}

async function readStatus(options: StatusOptions): Promise<Status> {
  await using controlPlane = await connectControlPlane(options);
  const { status, body } = await controlPlane.raw({ method: "GET", path: statusPath });
  const text = new TextDecoder().decode(body);
  if (status !== 200) throw statusErrorOf(status, text);
  return parseJson(text) as unknown as Status;
}

function renderStatus({ clusters, lastRefusal }: Status, isWide: boolean): string {
  const header = ["CLUSTER", "AGENT", "VERSION", "SINCE", "STATE", "CONNECTIONS", "PENDING"];
  const all = [...header, "SENT", "RECEIVED", ...(isWide ? ["ADDRESS"] : []), "LAST ERROR"];
  const rows = clusters.flatMap((cluster) => rowsOf(cluster, isWide));
  const refused = lastRefusal
    ? `Last agent refused that named no cluster there is: ${describe(lastRefusal)}\n`
    : "";
  return `${clusters.length === 0 ? "No cluster is reached through the tunnel\n" : renderTable(all, rows)}${refused}`;
}

function rowsOf(
  { cluster, agents, lastError }: Cluster,
  isWide: boolean,
): readonly (readonly string[])[] {
  const error = lastError ? describe(lastError) : "";
  const more = (address: string): readonly string[] => [...(isWide ? [address] : []), error];
  if (agents.length === 0) {
    return [[cluster, "-", "-", "-", "No agent", "-", "-", "-", "-", ...more("-")]];
  }
  return agents.map((agent) => [
    cluster,
    agent.id,
    agent.version.split(" ")[0] ?? "",
    formatAge(agent.connectedSince, Date.now()),
    agent.draining ? "Draining" : "Connected",
    `${agent.connections}`,
    `${agent.pendingDials}`,
    formatBytes(agent.sentBytes),
    formatBytes(agent.receivedBytes),
    ...more(agent.address),
  ]);
}

function describe({ time, message }: Incident): string {
  return `${message} (${formatAge(time, Date.now())} ago)`;
}

function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)}${units[power] ?? ""}`;
}
