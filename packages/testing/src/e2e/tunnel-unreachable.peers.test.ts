import { deepEqual, match } from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { DelayRelay } from "./delay-relay.ts";
import { clusterNames, systemNamespace } from "./federation-fixture.ts";
import { Kubectl } from "./kubectl.ts";
import { NetworkNamespace } from "./network-namespace.ts";
import { findPeer } from "./peers.ts";
import { cellplaneProgram } from "./run-program.ts";
import {
  cellNames,
  cellNamespace,
  cells,
  federatedConfigMap,
  federatedDeployment,
  namespace,
  tenantObjects,
} from "./tenant.ts";
import { TestServer } from "./test-server.ts";
import { topologyRows } from "./topology-rows.ts";
import { waitFor, waitForObject } from "./wait-for.ts";

const oneWayMs = 25;
const cellplane = [process.execPath, cellplaneProgram] as const;

describe("members in a network that nobody can reach, at a distance of 50 ms", () => {
  let opened: AsyncDisposableStack;
  let folder: string;
  let network: NetworkNamespace;
  let controlPlane: TestServer;
  let kubectl: Kubectl;
  const members = new Map<string, { readonly url: string; readonly kubeconfig: string }>();

  before(async () => {
    opened = new AsyncDisposableStack();
    folder = await mkdtemp(join(tmpdir(), "cellplane-unreachable-"));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    network = opened.use(await NetworkNamespace.open());
    const { outside } = network;
    controlPlane = opened.use(
      await TestServer.start({
        verb: "up",
        dataDir: join(folder, "cp"),
        datastore: "sqlite",
        args: ["--listen", `${outside}:0`, "--tunnel-listen", `${outside}:0`],
      }),
    );
    kubectl = new Kubectl(controlPlane.kubeconfig, { home: folder });
    for (const name of clusterNames) members.set(name, await startMember(name));
  });
  after(() => opened.disposeAsync());

  it("joins them from their side, through agents that dial out", async () => {
    await Promise.all(clusterNames.map((name) => joinMember(name)));
    const state = `jsonpath={range .items[*]}{.spec.connection}{"\\n"}{end}`;
    const args = ["-n", systemNamespace, "get", "kubefedclusters", "-o", state];
    deepEqual((await kubectl.ok(args)).trim().split("\n"), ["Tunnel", "Tunnel"]);
  });

  it("cannot reach them in any other way", async () => {
    for (const { url } of members.values()) {
      const port = Number(new URL(url).port);
      match(await complaintOf("127.0.0.1", port), /ECONNREFUSED/);
      match(await complaintOf(network.inside, port), /ECONNREFUSED/);
    }
  });

  it("releases in stages by the mask", async () => {
    await kubectl.apply(tenantObjects());
    await kubectl.apply([federatedConfigMap("web", "1")]);
    await waitForRows("federatedconfigmaps", "web", everywhere("1"));
    const [first = "", ...others] = cellNames;
    await kubectl.apply([federatedConfigMap("web", "2", { mask: [first] })]);
    await waitFor("the masked cell to have the new revision", async () =>
      (await valueIn(first)) === "2" ? true : undefined,
    );
    deepEqual(
      await Promise.all(others.map(valueIn)),
      others.map(() => "1"),
    );
  });

  it("returns the status of what is there", async () => {
    const [cell = ""] = cellNames;
    await kubectl.apply([federatedDeployment("api", "api:1")]);
    await waitForRows("federateddeployments", "api", everywhere("1"));
    const patch = JSON.stringify({ status: { replicas: 2, readyReplicas: 2 } });
    const change = ["patch", "deployment", "api", "--subresource=status", "--type=merge"];
    await inCell(cell, [...change, "-p", patch]);
    await waitFor("the federated object to tell of the replicas", async () => {
      const text = await kubectl.ok([
        "-n",
        namespace,
        "get",
        "federateddeployment",
        "api",
        "-o",
        "json",
      ]);
      return text.includes('"readyReplicas": 2') ? true : undefined;
    });
  });

  it("deletes everywhere", async () => {
    const objects = ["federatedconfigmap/web", "federateddeployment/api"];
    await kubectl.ok(["-n", namespace, "delete", ...objects]);
    await waitFor("the copies to be gone", async () => {
      const names = ["get", "configmap/web", "deployment/api", "--ignore-not-found", "-o", "name"];
      const left = await Promise.all(cellNames.map((cell) => inCell(cell, names)));
      return left.join("") === "" ? true : undefined;
    });
  });

  async function startMember(
    name: string,
  ): Promise<{ readonly url: string; readonly kubeconfig: string }> {
    const args = ["--data-dir", join(folder, name), "--datastore", "memory"];
    const [, url = "", kubeconfig = ""] = await network.start(
      [...cellplane, "member", ...args, "--listen", "127.0.0.1:0"],
      /ready at (\S+), kubeconfig (.+)$/,
    );
    return { url, kubeconfig };
  }

  async function joinMember(name: string): Promise<void> {
    const credentials = join(folder, `agent-${name}`);
    const { url, kubeconfig } = memberOf(name);
    const control = ["--kubeconfig", controlPlane.kubeconfig, "--member-kubeconfig", kubeconfig];
    const joining = network.ok(
      [...cellplane, "join", name, ...control, "--tunnel", "--credentials-dir", credentials],
      { withinMs: 120_000 },
    );
    const started = startAgent(name, { credentials, url });
    await Promise.all([joining, started]);
  }

  async function startAgent(
    name: string,
    { credentials, url }: { readonly credentials: string; readonly url: string },
  ): Promise<void> {
    await waitFor(`the credential of the agent of ${name}`, async () =>
      existsSync(join(credentials, "tls.key")) ? true : undefined,
    );
    const relay = await DelayRelay.open(network.outside, await tunnelPort(), oneWayMs);
    opened.use(relay);
    const server = ["--server", `${network.outside}:${relay.port}`, "--cluster", name];
    const own = ["--credentials", credentials, "--target", url];
    await network.start([...cellplane, "agent", ...server, ...own], /Connected to/);
  }

  async function tunnelPort(): Promise<number> {
    const args = ["-n", systemNamespace, "get", "configmap", "cellplane-tunnel", "-o", "json"];
    const { data } = JSON.parse(await kubectl.ok(args)) as {
      readonly data: Readonly<Record<string, string>>;
    };
    const { "ca.crt": _, ...servers } = data;
    return Number(/:(\d+)$/.exec(Object.values(servers)[0] ?? "")?.[1]);
  }

  function memberOf(name: string): { readonly url: string; readonly kubeconfig: string } {
    const found = members.get(name);
    if (!found) throw new Error(`Cannot find a member "${name}"`);
    return found;
  }

  /** kubectl in the network of the members. */
  function inCell(cell: string, args: readonly string[]): Promise<string> {
    const { kubeconfig } = memberOf(cells[cell] ?? "");
    const own = ["--kubeconfig", kubeconfig, "-n", cellNamespace(cell)];
    return network.ok([findPeer("kubectl"), ...own, ...args], { env: { HOME: folder } });
  }

  function valueIn(cell: string): Promise<string> {
    return inCell(cell, ["get", "configmap", "web", "-o", "jsonpath={.data.value}"]);
  }

  async function waitForRows(
    resource: string,
    name: string,
    rows: Readonly<Record<string, string>>,
  ): Promise<void> {
    const path = { group: "types.kubefed.io", version: "v1beta2", resource, namespace };
    await waitForObject({ client: controlPlane.client, path, name }, topologyRows, rows);
  }
});

function everywhere(row: string): Readonly<Record<string, string>> {
  return Object.fromEntries(cellNames.map((cell) => [cell, row]));
}

/** Why no connection can be made. */
async function complaintOf(host: string, port: number): Promise<string> {
  const socket = connect({ host, port, timeout: 3000 });
  socket.once("timeout", () => socket.destroy(new Error("ETIMEDOUT")));
  try {
    await once(socket, "connect");
    return "connected";
  } catch (error) {
    return String(error);
  } finally {
    socket.destroy();
  }
}
