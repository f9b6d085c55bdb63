import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ensurePki, writeKubeconfig } from "@cellplane/apiserver";
import type { RestClient } from "@cellplane/client";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import { findFreePorts, findPeer } from "./peers.ts";
import { waitFor } from "./wait-for.ts";

const startWithinMs = 60_000;
// What needs a whole Kubernetes around it.
const withoutPlugins = [
  "NamespaceLifecycle",
  "MutatingAdmissionWebhook",
  "ValidatingAdmissionWebhook",
  "ValidatingAdmissionPolicy",
  "MutatingAdmissionPolicy",
];

/** How it is started. */
export interface StockOptions {
  /** Where to store, instead of an etcd of its own. */
  readonly etcdUrl?: string;
  /** Further flags of the server. */
  readonly flags?: readonly string[];
}

/**
 * Kubernetes' own API server for CRDs, on an etcd of its own or a given one. It has no namespaces, Secrets, RBAC,
 * list of its groups or admission webhooks.
 */
export class StockApiServer implements AsyncDisposable {
  readonly kubeconfig: string;
  readonly client: RestClient;
  readonly #children: readonly ChildProcess[];

  private constructor(kubeconfig: string, client: RestClient, children: readonly ChildProcess[]) {
    this.kubeconfig = kubeconfig;
    this.client = client;
    this.#children = children;
  }

  /** Starts in `folder`, and waits until CRDs can be listed. */
  static async start(folder: string, options: StockOptions = {}): Promise<StockApiServer> {
    const { etcdUrl, flags = [] } = options;
    await mkdir(folder, { recursive: true });
    const [port = 0, etcdPort = 0, peerPort = 0] = await findFreePorts(3);
    const pki = await ensurePki(join(folder, "pki"), { hosts: [], nowMs: Date.now() });
    const kubeconfig = join(folder, "admin.kubeconfig");
    const { certificate: cert, key } = pki.admin;
    const server = `https://127.0.0.1:${port}`;
    await writeKubeconfig(kubeconfig, { server, ca: pki.ca, cert, key, name: "stock" });
    const etcd = etcdUrl ?? `http://127.0.0.1:${etcdPort}`;
    const children = [
      ...(etcdUrl === undefined
        ? [run(findPeer("etcd"), etcdFlags(folder, { url: etcd, peerPort }))]
        : []),
      run(findPeer("apiextensions-apiserver"), [
        ...serverFlags(folder, { port, etcd, kubeconfig }),
        ...flags,
      ]),
    ];
    const { connection } = await loadKubeconfig({ file: kubeconfig });
    const client = connectRestClient(connection, { userAgent: "e2e", timeoutMs: 20_000 });
    const started = new StockApiServer(kubeconfig, client, children);
    try {
      await waitFor("the stock API server", () => started.#probe(), startWithinMs);
      return started;
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    // The server before its store.
    for (const child of this.#children.toReversed()) await end(child);
  }

  async #probe(): Promise<true | undefined> {
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    try {
      const { status } = await this.client.raw({ method: "GET", path });
      return status === 200 ? true : undefined;
    } catch {
      return undefined;
    }
  }
}

function etcdFlags(
  folder: string,
  { url, peerPort }: { readonly url: string; readonly peerPort: number },
): readonly string[] {
  const peer = `http://127.0.0.1:${peerPort}`;
  return [
    ["--data-dir", join(folder, "etcd")],
    ["--listen-client-urls", url, "--advertise-client-urls", url],
    ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
    ["--initial-cluster", `default=${peer}`],
  ].flat();
}

function serverFlags(
  folder: string,
  at: { readonly port: number; readonly etcd: string; readonly kubeconfig: string },
): readonly string[] {
  const pki = (name: string): string => join(folder, "pki", name);
  return [
    ["--etcd-servers", at.etcd],
    ["--bind-address", "127.0.0.1", "--secure-port", `${at.port}`],
    ["--tls-cert-file", pki("apiserver.crt"), "--tls-private-key-file", pki("apiserver.key")],
    ["--client-ca-file", pki("ca.crt"), "--authentication-skip-lookup"],
    ["--authentication-kubeconfig", at.kubeconfig, "--authorization-kubeconfig", at.kubeconfig],
    ["--kubeconfig", at.kubeconfig, "--disable-admission-plugins", withoutPlugins.join(",")],
  ].flat();
}

function run(command: string, flags: readonly string[]): ChildProcess {
  return spawn(command, flags, { stdio: "ignore" });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}
