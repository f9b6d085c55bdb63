import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { systemNamespace } from "./federation-fixture.ts";
import { Kubectl } from "./kubectl.ts";
import { forwardedPort } from "./pod-server/forward-port.ts";
import { AgentOfPods } from "./pod-server/agent-of-pods.ts";
import { PodServer } from "./pod-server/pod-server.ts";
import { runCellplane } from "./run-program.ts";
import { TestServer } from "./test-server.ts";
import { waitFor } from "./wait-for.ts";

/** A cluster as it stands in the control plane, without any account in it. */
function joined(pods: PodServer, connection: "Direct" | "Tunnel"): readonly object[] {
  const name = "pods";
  const metadata = { name, namespace: systemNamespace };
  const encode = (text: string): string => Buffer.from(text).toString("base64");
  return [
    { apiVersion: "v1", kind: "Secret", metadata, data: { token: encode("member-secret") } },
    {
      apiVersion: "core.kubefed.io/v1beta1",
      kind: "KubeFedCluster",
      metadata,
      spec: { apiEndpoint: pods.url, caBundle: encode(pods.ca), secretRef: { name }, connection },
    },
  ];
}

for (const [name, connection] of [
  ["kubectl", "Direct"],
  ["kubectl-old", "Direct"],
  ["kubectl", "Tunnel"],
  ["kubectl-old", "Tunnel"],
] as const) {
  const protocol = name === "kubectl" ? "WebSockets" : "SPDY";
  const way = connection === "Direct" ? "directly" : "through its agent";
  describe(`${name} at a pod of a member that is reached ${way}, by ${protocol}`, () => {
    let opened: AsyncDisposableStack;
    let folder: string;
    let pods: PodServer;
    let server: TestServer;
    let kubeconfig: string;
    let kubectl: Kubectl;
    before(async () => {
      opened = new AsyncDisposableStack();
      folder = await mkdtemp("/tmp/cellplane-streams-");
      opened.defer(() => rm(folder, { recursive: true, force: true }));
      pods = opened.use(await PodServer.start());
      const dataDir = join(folder, "cp");
      const args = ["--tunnel-listen", "127.0.0.1:0"];
      server = opened.use(
        await TestServer.start({ verb: "up", dataDir, datastore: "memory", args }),
      );
      if (connection === "Tunnel") opened.use(await AgentOfPods.start(server, { pods, folder }));
      await new Kubectl(server.kubeconfig, { home: folder }).apply(joined(pods, connection));
      kubeconfig = join(folder, "pods.kubeconfig");
      const asked = ["--kubeconfig", server.kubeconfig, "--cluster", "pods", "--out", kubeconfig];
      equal((await runCellplane(["kubeconfig", ...asked])).code, 0);
      kubectl = new Kubectl(kubeconfig, { home: folder, name });
    });
    after(() => opened.disposeAsync());

    it("gets the pod", async () => {
      const phase = ["get", "pod", "toolbox", "-o", "jsonpath={.status.phase}"];
      await waitFor("the cluster to be reached", async () => {
        const { code } = await kubectl.run(phase);
        return code === 0 ? true : undefined;
      });
      equal(await kubectl.ok(phase), "Running");
    });

    it("runs a command with input and output, and tells its exit code", async () => {
      const sent = "line\n".repeat(20_000);
      const exec = ["exec", "-i", "toolbox", "--"];
      equal(await kubectl.ok([...exec, "cat"], { stdin: sent }), sent);
      const { code, stderr } = await kubectl.run([...exec, "sh", "-c", "echo no >&2; exit 7"]);
      equal(code, 7);
      match(stderr, /^no\n/);
    });

    it("asks as the caller, by the member's credential and not the control plane's", async () => {
      await kubectl.ok(["exec", "toolbox", "--", "true"]);
      const { headers } = pods.requests.findLast(({ url }) => url.includes("/exec")) ?? {};
      equal(headers?.authorization, "Bearer member-secret");
      equal(headers["impersonate-user"], "kubernetes-admin");
      match(String(headers["impersonate-group"]), /system:masters/);
    });

    it("copies files both ways", async () => {
      const [from, to] = [join(folder, "from"), join(folder, "to")];
      const bytes = randomBytes(connection === "Tunnel" ? 10_000_000 : 3_000_000);
      await writeFile(from, bytes);
      await kubectl.ok(["cp", from, `toolbox:${join(folder, "there")}`]);
      ok(bytes.equals(await readFile(join(folder, "there"))));
      await kubectl.ok(["cp", `toolbox:${join(folder, "there")}`, to]);
      ok(bytes.equals(await readFile(to)));
    });

    it("forwards a port", async () => {
      await using echo = createServer((socket) => void socket.pipe(socket)).listen(0, "127.0.0.1");
      await once(echo, "listening");
      forwardedPort.port = (echo.address() as AddressInfo).port;
      const child = kubectl.start(["port-forward", "toolbox", ":80"]);
      try {
        const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
        const port = Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
        const sent = randomBytes(500_000);
        deepEqual(await echoed(port, sent), sent);
      } finally {
        await end(child);
      }
    });

    it("follows a log line by line, and both sides see the other leave", async () => {
      const coming = pods.nextFollower();
      const child = kubectl.start(["logs", "-f", "toolbox"]);
      try {
        const follower = await coming;
        const lines = createInterface({ input: child.stdout });
        for (const line of ["one", "two"]) {
          const next = once(lines, "line");
          follower.write(`${line}\n`);
          deepEqual(await next, [line]);
        }
        await end(child);
        await follower.closed;
      } finally {
        await end(child);
      }
    });

    it("leaves no connection behind whose user has gone", async () => {
      const child = kubectl.start(["exec", "-i", "toolbox", "--", "cat"]);
      await waitFor("the command to run", async () => {
        const { url = "" } = pods.requests.at(-1) ?? {};
        return url.includes("command=cat") ? true : undefined;
      });
      const before = pods.connections;
      ok(before > 0);
      await end(child);
      await waitFor("its connection to end", async () =>
        pods.connections < before ? true : undefined,
      );
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

/** What comes back of what is sent. */
async function echoed(port: number, sent: Buffer): Promise<Buffer> {
  const socket = connect(port, "127.0.0.1");
  socket.write(sent);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= sent.length) break;
  }
  return Buffer.concat(chunks);
}
