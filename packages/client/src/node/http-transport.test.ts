import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { once } from "node:events";
import { connect as connectSocket, createServer } from "node:net";
import { duplexPair } from "node:stream";
import type { TLSSocket } from "node:tls";
import { describe, it } from "node:test";
import { ConnectionError } from "../rest/connection-error.ts";
import type { RestClient } from "../rest/rest-client.ts";
import { connectRestClient } from "./connect-rest-client.ts";
import type { ConnectionSettings } from "./credentials.ts";
import { startTlsServer, TestAuthority, type TestHandler } from "./tls-fixture.suite.ts";

const authority = new TestAuthority();
const certificate = authority.issue({ usage: "server" });
const path = { group: "", version: "v1", resource: "configmaps" } as const;

const connect = (server: string, more: Partial<ConnectionSettings> = {}): RestClient =>
  connectRestClient(
    { server, caBundle: authority.ca, ...more },
    { userAgent: "test", timeoutMs: 5000 },
  );

const answerJson: TestHandler = ({ url, headers }, response) => {
  response.end(JSON.stringify({ url, token: headers.authorization, protocol: headers[":scheme"] }));
};

async function ask(client: RestClient, at = "/version"): Promise<unknown> {
  const { body } = await client.raw({ method: "GET", path: at });
  return JSON.parse(new TextDecoder().decode(body));
}

/** What a failed request says, without the server's address. */
async function failureOf(client: RestClient): Promise<string> {
  try {
    await ask(client);
  } catch (error) {
    ok(error instanceof ConnectionError, String(error));
    return error.message.replace(client.server, "SERVER");
  }
  return "no failure";
}

for (const protocol of ["h2", "http/1.1"] as const) {
  describe(`the transport to a server that speaks ${protocol}`, () => {
    it("asks under the prefix of the URL, over one connection", async () => {
      await using server = await startTlsServer(protocol, certificate, answerJson);
      await using client = connect(`${server.url}/k8s/clusters/c1`);
      const answers = [await ask(client), await ask(client), await ask(client)];
      const scheme = protocol === "h2" ? { protocol: "https" } : {};
      const answer = { url: "/k8s/clusters/c1/version", ...scheme };
      deepEqual(answers, [answer, answer, answer]);
      // That an HTTP/1.1 server speaks no HTTP/2 is learned from a connection of its own.
      if (protocol === "h2") equal(server.connections(), 1);
    });

    it("checks the name of the server, also over a connection that was opened elsewhere", async () => {
      await using server = await startTlsServer(protocol, certificate, (_, response) => {
        response.end('"at once"');
      });
      const port = Number(new URL(server.url).port);
      // No socket but streams of this process, as a tunnel's are.
      await using client = connect("https://127.0.0.1:1", {
        dial: async () => {
          const [near, far] = duplexPair();
          const socket = connectSocket({ host: "127.0.0.1", port });
          far.pipe(socket).pipe(far);
          for (const side of [near, far, socket]) side.on("error", () => socket.destroy());
          near.once("close", () => socket.destroy());
          return near;
        },
      });
      for (let i = 0; i < 3; i++) equal(await ask(client), "at once");
    });

    it("presents its client certificate", async () => {
      const tls = { ...certificate, ca: authority.ca };
      await using server = await startTlsServer(protocol, tls, ({ socket }, response) => {
        const { subject } = (socket as TLSSocket).getPeerCertificate();
        response.end(JSON.stringify(subject.CN));
      });
      const { cert, key } = authority.issue({ usage: "client", commonName: "jane" });
      await using client = connect(server.url, { clientCertificate: cert, clientKey: key });
      equal(await ask(client), "jane");
    });

    it("asks for a new token after a 401, once, and lets go of the refused answer", async () => {
      await using server = await startTlsServer(protocol, certificate, (request, response) => {
        if (request.headers.authorization !== "Bearer new") response.statusCode = 401;
        response.end(JSON.stringify("x".repeat(100_000)));
      });
      const asked: string[] = [];
      await using client = connect(server.url, {
        token: (refresh) => {
          asked.push(refresh);
          return refresh === "refresh" ? "new" : "old";
        },
      });
      for (let round = 0; round < 3; round++) {
        equal((await client.raw({ method: "GET", path: "/" })).status, 200);
      }
      deepEqual(asked.join(), "cached,refresh,cached,refresh,cached,refresh");
      await using refused = connect(server.url, { token: () => "old" });
      equal((await refused.raw({ method: "GET", path: "/" })).status, 401);
    });

    it("gives up a request that takes too long, whether it answers nothing or half", async () => {
      await using server = await startTlsServer(protocol, certificate, ({ url }, response) => {
        if (url === "/half") response.write("{");
      });
      const settings = { server: server.url, caBundle: authority.ca };
      await using client = connectRestClient(settings, { userAgent: "test", timeoutMs: 100 });
      const tooLate = {
        name: "ConnectionError",
        message: `Cannot reach ${server.url}: no answer came in time (ETIMEDOUT)`,
      };
      await rejects(ask(client, "/none"), tooLate);
      await rejects(ask(client, "/half"), tooLate);
    });

    it("rejects with the reason of the caller's own abort", async () => {
      const stop = new AbortController();
      await using server = await startTlsServer(protocol, certificate, () => stop.abort("enough"));
      await using client = connect(server.url);
      await rejects(client.raw({ method: "GET", path: "/" }, stop.signal), (reason) => {
        equal(reason, "enough");
        return true;
      });
    });

    it("heeds an abort from before its stream is open", async () => {
      await using server = await startTlsServer(protocol, certificate, ({ url }, response) => {
        if (url === "/version") response.end('"there"');
      });
      const stop = new AbortController();
      let asked = 0;
      await using client = connect(server.url, {
        // The connection is there by the second time, so that only the abort is late.
        token: () => {
          if (++asked > 1) stop.abort("enough");
          return "token";
        },
      });
      await ask(client);
      await rejects(client.raw({ method: "GET", path: "/never" }, stop.signal), (reason) => {
        equal(reason, "enough");
        return true;
      });
    });

    it("tells of a watch that is cut, and connects anew for the next request", async () => {
      await using server = await startTlsServer(protocol, certificate, ({ url }, response) => {
        if (!url.includes("watch=true")) response.end('"back"');
        else response.write('{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"5"}}}\n');
      });
      await using client = connect(server.url);
      const stop = new AbortController();
      const seen: string[] = [];
      await rejects(
        async () => {
          for await (const { type } of client.watch(path, {}, stop.signal)) {
            seen.push(type);
            server.cut();
          }
        },
        { name: "ConnectionError", code: "ECONNRESET" },
      );
      deepEqual(seen, ["BOOKMARK"]);
      equal(await ask(client), "back");
    });
  });
}

describe("HTTP/2 connections", () => {
  it("carries 250 watches at a time, besides which requests get through", async () => {
    await using server = await startTlsServer("h2", certificate, ({ url }, response) => {
      if (!url.includes("watch=true")) response.end('"through"');
      else response.write('{"type":"BOOKMARK","object":{"metadata":{}}}\n');
    });
    await using client = connect(server.url);
    const stop = new AbortController();
    let opened = 0;
    const all = Promise.withResolvers<void>();
    const watch = async (): Promise<void> => {
      for await (const _ of client.watch(path, {}, stop.signal)) {
        if (++opened === 250) all.resolve();
      }
    };
    const watches = Promise.allSettled(Array.from({ length: 250 }, watch));
    const late = AbortSignal.timeout(5000);
    late.addEventListener("abort", () => all.reject(new Error(`only ${opened} were opened`)));
    await all.promise;
    equal(await ask(client), "through");
    equal(server.connections(), 3);
    stop.abort();
    equal((await watches).filter(({ status }) => status === "rejected").length, 250);
  });

  it("are not waited for by a request whose time is up", async () => {
    await using silent = createServer((socket) => socket.on("error", () => undefined).resume());
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as { readonly port: number };
    const settings = { server: `https://127.0.0.1:${port}`, caBundle: authority.ca };
    const client = connectRestClient(settings, { userAgent: "test", timeoutMs: 50 });
    const startedMs = performance.now();
    equal(await failureOf(client), "Cannot reach SERVER: no answer came in time (ETIMEDOUT)");
    ok(performance.now() - startedMs < 2000);
    await client[Symbol.asyncDispose]();
  });
});

describe("a server that cannot be reached", () => {
  it("is told apart by its certificate", async () => {
    await using server = await startTlsServer("h2", certificate, answerJson);
    await using wrong = connect(server.url, { caBundle: new TestAuthority().ca });
    equal(
      await failureOf(wrong),
      "Cannot reach SERVER: its certificate is not signed by the given CA (UNABLE_TO_VERIFY_LEAF_SIGNATURE)",
    );
    await using unknown = connectRestClient({ server: server.url }, { userAgent: "test" });
    equal(
      await failureOf(unknown),
      "Cannot reach SERVER: its certificate is not signed by the given CA (UNABLE_TO_VERIFY_LEAF_SIGNATURE)",
    );
    await using named = connect(server.url, { tlsServerName: "elsewhere" });
    equal(
      await failureOf(named),
      "Cannot reach SERVER: its certificate is for other host names (ERR_TLS_CERT_ALTNAME_INVALID)",
    );
    await using anything = connect(server.url, {
      caBundle: new TestAuthority().ca,
      insecureSkipTlsVerify: true,
    });
    equal(await failureOf(anything), "no failure");
  });

  it("is trusted under the name that the kubeconfig gives", async () => {
    const other = authority.issue({ usage: "server", hosts: ["kubernetes"] });
    await using server = await startTlsServer("h2", other, answerJson);
    await using client = connect(server.url, { tlsServerName: "kubernetes" });
    equal(await failureOf(client), "no failure");
  });

  it("is told to have an expired certificate", async () => {
    const expired = authority.issue({ usage: "server", notAfterMs: Date.now() - 60_000 });
    await using server = await startTlsServer("http/1.1", expired, answerJson);
    await using client = connect(server.url);
    equal(
      await failureOf(client),
      "Cannot reach SERVER: its certificate has expired (CERT_HAS_EXPIRED)",
    );
  });

  it("is told to refuse connections, or to have an unknown name", async () => {
    const server = await startTlsServer("h2", certificate, answerJson);
    await using client = connect(server.url);
    await server[Symbol.asyncDispose]();
    equal(
      await failureOf(client),
      "Cannot reach SERVER: the connection was refused; is the server running there? (ECONNREFUSED)",
    );
    await using nowhere = connect("https://no-such-host.invalid:6443");
    const failure = await failureOf(nowhere);
    ok(/the host name (is unknown|cannot be looked up)/.test(failure), failure);
  });

  it("is told to hang up while TLS is being set up", async () => {
    await using server = createServer((socket) => socket.destroy());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { readonly port: number };
    await using client = connect(`https://127.0.0.1:${port}`);
    equal(await failureOf(client), "Cannot reach SERVER: the connection was reset (ECONNRESET)");
  });
});
