import { equal, match, ok } from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { StockApiServer } from "../../testing/src/e2e/stock-api-server.ts";
import { TestAuthority, TunnelFixture, until } from "./tunnel-fixture.suite.ts";

const list = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** Collects what an API server posts: the events of its audit log. */
class AuditSink {
  readonly authority: TestAuthority = new TestAuthority("members");
  readonly uris: string[] = [];
  readonly #server;

  constructor() {
    const { certificate: cert, key } = this.authority.server();
    this.#server = createServer({ cert, key }, (request, response) =>
      this.#take(request, response),
    );
  }

  accept(socket: object): void {
    this.#server.emit("connection", socket);
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => {
      const { items } = JSON.parse(Buffer.concat(chunks).toString()) as {
        readonly items: readonly { readonly requestURI: string }[];
      };
      this.uris.push(...items.map(({ requestURI }) => requestURI));
      response.end("{}");
    });
  }
}

/** The files that an API server is given. */
class Files implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), "cellplane-egress-"));

  write(name: string, content: string | object): string {
    const path = join(this.folder, name);
    const text = typeof content === "string" ? content : JSON.stringify(content);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The audit log goes to the cluster `hz-a` by its name; TLS there is end to end. */
function auditFlags(files: Files, authority: TestAuthority): readonly string[] {
  const policy = {
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived"],
    rules: [{ level: "Metadata" }],
  };
  const cluster = {
    server: "https://hz-a:443/audit",
    "tls-server-name": "tunnel.test",
    "certificate-authority-data": Buffer.from(authority.certificate).toString("base64"),
  };
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "a", cluster }],
    users: [{ name: "a", user: { token: "a" } }],
    contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
    "current-context": "a",
  };
  return [
    `--audit-policy-file=${files.write("policy.yaml", policy)}`,
    `--audit-webhook-config-file=${files.write("audit.kubeconfig", kubeconfig)}`,
    "--audit-webhook-mode=blocking",
  ];
}

function egressFlag(files: Files, connection: object): string {
  const selector = {
    apiVersion: "apiserver.k8s.io/v1beta1",
    kind: "EgressSelectorConfiguration",
    egressSelections: [{ name: "controlplane", connection }],
  };
  return `--egress-selector-config-file=${files.write("egress.yaml", selector)}`;
}

describe("Kubernetes' own API server with an egress selector at our frontend", () => {
  const ways: readonly {
    readonly name: string;
    readonly connection: (fixture: TunnelFixture, files: Files) => Promise<object>;
  }[] = [
    {
      name: "gRPC over a Unix socket",
      connection: async (fixture, { folder }) => {
        const udsName = join(folder, "tunnel.sock");
        await fixture.frontendAt(udsName);
        return { proxyProtocol: "GRPC", transport: { uds: { udsName } } };
      },
    },
    {
      name: "CONNECT over a Unix socket",
      connection: async (fixture, { folder }) => {
        const udsName = join(folder, "tunnel.sock");
        await fixture.frontendAt(udsName);
        return { proxyProtocol: "HTTPConnect", transport: { uds: { udsName } } };
      },
    },
    {
      name: "CONNECT over TLS",
      connection: async (fixture, files) => {
        const port = await fixture.frontend();
        const { certificate, key } = fixture.authority.client("kube-apiserver", "clients");
        const tlsConfig = {
          caBundle: files.write("ca.crt", fixture.authority.certificate),
          clientCert: files.write("client.crt", certificate),
          clientKey: files.write("client.key", key),
        };
        const tcp = { url: `https://localhost:${port}`, tlsConfig };
        return { proxyProtocol: "HTTPConnect", transport: { tcp } };
      },
    },
  ];
  for (const { name, connection } of ways) {
    it(`11.60 reaches a cluster by its name, by ${name}`, async () => {
      using files = new Files();
      await using fixture = await TunnelFixture.open();
      const sink = new AuditSink();
      await fixture.target("hz-a", (socket) => sink.accept(socket));
      await fixture.agent("hz-a");
      const flags = [
        ...auditFlags(files, sink.authority),
        egressFlag(files, await connection(fixture, files)),
      ];
      await using server = await StockApiServer.start(join(files.folder, "stock"), { flags });
      const { status } = await server.client.raw({ method: "GET", path: `${list}?limit=7` });
      equal(status, 200);
      await until(() => sink.uris.some((uri) => uri.includes("limit=7")));
      match(sink.uris.find((uri) => uri.includes("limit=7")) ?? "", /^\/apis\/apiextensions/);
      const links = fixture.server.links();
      ok((links[0]?.counts.receivedBytes ?? 0) > 0);
    });
  }
});
