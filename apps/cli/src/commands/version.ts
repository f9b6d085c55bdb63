import { readFileSync } from "node:fs";
import { parseJson, stringifyJson } from "@cellplane/apimachinery";
import type { Command } from "commander";
import { connectControlPlane, type ControlPlaneOptions } from "../program/control-plane-client.ts";
import { createCommand } from "./common-options.ts";

/** `cellplane version`. */
export function createVersionCommand(): Command {
  return createCommand("version", "Print the version of this program and of the control plane")
    .option("--client", "only this program's")
    .action(async (options: ControlPlaneOptions & { readonly client?: boolean }) => {
      process.stdout.write(
        `Client: cellplane ${clientVersion()}, Node.js ${process.versions.node}\n`,
      );
      if (options.client !== true)
        process.stdout.write(`Server: ${await serverVersion(options)}\n`);
    });
}

/** The version of this program. */
export function clientVersion(): string {
  const manifest = parseJson(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return String((manifest as { readonly version?: unknown }).version);
}

async function serverVersion(options: ControlPlaneOptions): Promise<string> {
  await using client = await connectControlPlane(options);
  const { status, body } = await client.raw({ method: "GET", path: "/version" });
  const text = new TextDecoder().decode(body);
  if (status !== 200) return `answered ${status}`;
  const version = parseJson(text) as { readonly gitVersion?: unknown };
  return typeof version.gitVersion === "string" ? version.gitVersion : stringifyJson(version);
}
