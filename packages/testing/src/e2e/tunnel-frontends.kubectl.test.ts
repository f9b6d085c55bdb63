import { equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { loadKubeconfig } from "@cellplane/client/node";
import { FederationFixture } from "./federation-fixture.ts";
import { TunnelAgents } from "./tunnel-agents.ts";

describe("clients of the apiserver-network-proxy at a control plane", () => {
  let folder: string;
  let path: string;
  let fixture: FederationFixture;
  let agents: TunnelAgents;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "cellplane-frontends-"));
    path = join(folder, "tunnel.sock");
    const frontends = ["--tunnel-frontends", `unix://${path}`, "127.0.0.1:0"];
    fixture = await FederationFixture.open(["--tunnel-listen", "127.0.0.1:0", ...frontends]);
    agents = new TunnelAgents(fixture);
    await agents.join("hz-a");
  });
  after(async () => {
    await agents[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** The version of the API server at the other end, as TLS end to end with it shows. */
  const versionThrough = async (socket: Socket): Promise<string> => {
    const { connection } = await loadKubeconfig({ file: fixture.member("hz-a").kubeconfig });
    const { caBundle: ca, clientCertificate: cert, clientKey: key } = connection;
    const tls = connectTls({ socket, ca, cert, key, servername: "localhost" });
    await once(tls, "secureConnect");
    tls.write("GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    return readAll(tls);
  };
  const overTcp = async (own: Pick<ConnectionOptions, "cert" | "key">): Promise<Socket> => {
    const said = /Clients of the tunnel are served at 127\.0\.0\.1:(\d+)/;
    const port = Number(said.exec(fixture.controlPlane.output)?.[1]);
    const ca = readFileSync(join(agents.folderOf("hz-a"), "ca.crt"), "utf8");
    const socket = connectTls({ host: "127.0.0.1", port, ca, ...own });
    await once(socket, "secureConnect");
    return socket;
  };
  const admin = async (): Promise<Pick<ConnectionOptions, "cert" | "key">> => {
    const { connection } = await loadKubeconfig({ file: fixture.controlPlane.kubeconfig });
    return { cert: connection.clientCertificate, key: connection.clientKey };
  };

  it("reach a cluster by its name over a Unix socket, that its owner and group may use", async () => {
    equal((await stat(path)).mode & 0o777, 0o660);
    const socket = connect(path);
    match(await ask(socket, "hz-a"), /^HTTP\/1\.1 200 /);
    match(await versionThrough(socket), /"gitVersion"/);
  });

  it("reach it over TCP by the certificate of a user that may", async () => {
    const socket = await overTcp(await admin());
    match(await ask(socket, "hz-a"), /^HTTP\/1\.1 200 /);
    match(await versionThrough(socket), /"gitVersion"/);
  });

  it("are refused where their user may not, and reach the one that the user may", async () => {
    const folderOf = agents.folderOf("hz-a");
    const own = {
      cert: readFileSync(join(folderOf, "tls.crt"), "utf8"),
      key: readFileSync(join(folderOf, "tls.key"), "utf8"),
    };
    match(await ask(await overTcp(own), "hz-a"), /^HTTP\/1\.1 403 /);
    const user = "cellplane:agent:hz-a";
    await fixture.kubectl.apply([
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRole",
        metadata: { name: "through" },
        rules: [
          {
            apiGroups: ["proxy.cellplane.io"],
            resources: ["clusters/tunnel"],
            resourceNames: ["hz-a"],
            verbs: ["create"],
          },
        ],
      },
    ]);
    const binding = ["create", "clusterrolebinding", "through", "--clusterrole=through"];
    await fixture.kubectl.ok([...binding, `--user=${user}`]);
    const socket = await overTcp(own);
    match(await ask(socket, "hz-a"), /^HTTP\/1\.1 200 /);
    ok((await versionThrough(socket)).includes("gitVersion"));
    match(await ask(await overTcp(own), "hz-b"), /^HTTP\/1\.1 403 /);
  });

  it("are told which cluster there is not", async () => {
    match(await ask(await overTcp(await admin()), "hz-z"), /there is no cluster "hz-z"/);
  });
});

/** Asks for a connection; the head of the answer, or all of it where it is a refusal. */
async function ask(socket: Socket, cluster: string): Promise<string> {
  socket.write(`CONNECT ${cluster}:443 HTTP/1.1\r\nHost: ${cluster}:443\r\n\r\n`);
  const received: readonly unknown[] = await once(socket, "data");
  return String(received[0]);
}

async function readAll(stream: AsyncIterable<unknown>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}
