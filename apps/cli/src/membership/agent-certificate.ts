import { setTimeout as sleep } from "node:timers/promises";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isJsonObject, isStatus, type JsonObject } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import { createSigningRequest } from "@cellplane/x509";
import { CliError } from "../program/cli-error.ts";
import { removeQuietly, type Undo } from "./member-account.ts";
import { systemNamespace } from "./system-namespace.ts";

const requests: ResourcePath = {
  group: "certificates.k8s.io",
  version: "v1",
  resource: "certificatesigningrequests",
};
const configMaps: ResourcePath = {
  group: "",
  version: "v1",
  resource: "configmaps",
  namespace: systemNamespace,
};

const signerName = "cellplane.io/tunnel-agent";
const tunnelConfig = "cellplane-tunnel";
const signWithinMs = 20_000;

/** What an agent needs to dial in. PEM, but for the addresses. */
export interface AgentAccess {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** `host:port` of the control planes that serve agents. */
  readonly servers: readonly string[];
}

/**
 * Has the control plane certify a key made here for the agent of one cluster. The key leaves this
 * process only into the files or the manifest that the caller asked for.
 */
export async function certifyAgent(
  controlPlane: RestClient,
  cluster: string,
  undo: Undo,
): Promise<AgentAccess> {
  const { servers, ca } = await readTunnel(controlPlane);
  const subject = {
    commonName: `cellplane:agent:${cluster}`,
    organizations: ["cellplane:agents"],
  };
  const { request, key } = createSigningRequest(subject);
  const name = `cellplane-agent-${cluster}-${Date.now().toString(36)}`;
  const created = await controlPlane.create(requests, {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name },
    spec: {
      request: Buffer.from(request).toString("base64"),
      signerName,
      usages: ["digital signature", "client auth"],
    },
  });
  undo.unshift(() => removeQuietly(controlPlane, requests, name));
  const conditions = [
    {
      type: "Approved",
      status: "True",
      reason: "Joined",
      message: `approved by "cellplane join ${cluster} --tunnel"`,
      lastUpdateTime: new Date().toISOString(),
    },
  ];
  await controlPlane.update(
    requests,
    { ...created, status: { conditions } },
    { subresource: "approval" },
  );
  const cert = await untilSigned(controlPlane, name);
  await removeQuietly(controlPlane, requests, name);
  return { ca, cert, key, servers };
}

/** Writes what the agent reads: `ca.crt`, `tls.crt` and `tls.key`. */
export async function writeAgentAccess(
  folder: string,
  { ca, cert, key }: AgentAccess,
  undo: Undo,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files = { "ca.crt": ca, "tls.crt": cert, "tls.key": key };
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    // At once: the agent may be reading the one that was there.
    await writeFile(`${file}.new`, text, { mode: 0o600 });
    await rename(`${file}.new`, file);
    undo.unshift(() => rm(file, { force: true }));
  }
}

async function readTunnel(
  controlPlane: RestClient,
): Promise<{ readonly servers: readonly string[]; readonly ca: string }> {
  try {
    const { data } = (await controlPlane.get(configMaps, tunnelConfig)) as {
      readonly data?: Readonly<Record<string, string>>;
    };
    const { "ca.crt": ca = "", ...servers } = data ?? {};
    return { ca, servers: Object.values(servers) };
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
    throw new CliError(
      `Cannot join through a tunnel as ${controlPlane.server} serves no agents: start it with --tunnel-listen`,
      { cause: error },
    );
  }
}

async function untilSigned(controlPlane: RestClient, name: string): Promise<string> {
  for (const deadline = Date.now() + signWithinMs; ;) {
    const { status } = (await controlPlane.get(requests, name)) as { readonly status?: JsonObject };
    if (typeof status?.["certificate"] === "string") {
      return Buffer.from(status["certificate"], "base64").toString("latin1");
    }
    const conditions = Array.isArray(status?.["conditions"]) ? status["conditions"] : [];
    const failed = conditions.filter(isJsonObject).find((each) => each["type"] === "Failed");
    if (failed) {
      throw new CliError(`Cannot certify the agent: ${JSON.stringify(failed["message"])}`);
    }
    if (Date.now() > deadline) {
      throw new CliError(
        `Cannot certify the agent as nobody signed the request within ${signWithinMs / 1000} s: does the control plane run with --tunnel-listen?`,
      );
    }
    await sleep(100);
  }
}
