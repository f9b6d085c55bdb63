import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { once } from "node:events";
import * as net from "node:net";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { connectRestClient } from "./connect-rest-client.ts";
import type { ConnectionSettings } from "./credentials.ts";
import { startTlsServer, TestAuthority, type TestServer } from "./tls-fixture.suite.ts";

const hourMs = 3_600_000;

interface Proxy extends AsyncDisposable {
  readonly port: number;
  /** Where it connected to, as it was asked. */
  readonly targets: string[];
}

async function startProxy(serve: (socket: net.Socket, targets: string[]) => void): Promise<Proxy> {
  const targets: string[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    serve(socket, targets);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    targets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function join(socket: net.Socket, host: string, port: number, answer: string | Buffer): void {
  const onward = net.connect({ host, port }, () => {
    socket.write(answer);
    socket.pipe(onward).pipe(socket);
  });
  onward.on("error", () => socket.destroy());
}

/** CONNECT, for one user. */
const startHttpProxy = (): Promise<Proxy> =>
  startProxy((socket, targets) => {
    socket.once("data", (head: Buffer) => {
      const text = head.toString();
      const [, host = "", port = ""] = /^CONNECT (.*):(\d+) HTTP/.exec(text) ?? [];
      const login = Buffer.from("me:p@ss").toString("base64");
      if (!text.includes(`Proxy-Authorization: Basic ${login}`)) {
        socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
        return;
      }
      targets.push(`${host}:${port}`);
      join(socket, host, Number(port), "HTTP/1.1 200 Connection established\r\n\r\n");
    });
  });

/** SOCKS5, for one user; names are resolved by the proxy. */
const startSocksProxy = (): Promise<Proxy> =>
  startProxy((socket, targets) => {
    socket.once("data", (greeting: Buffer) => {
      socket.write(Buffer.from([5, greeting.includes(2, 2) ? 2 : 255]));
      socket.once("data", (login: Buffer) => {
        const isRight = login.toString("latin1") === "\x01\x02me\x04p@ss";
        socket.write(Buffer.from([1, isRight ? 0 : 1]));
        if (!isRight) return void socket.end();
        socket.once("data", (request: Buffer) => {
          const isName = request[3] === 3;
          const host = isName
            ? request.subarray(5, 5 + (request[4] ?? 0)).toString()
            : request.subarray(4, 8).join(".");
          const port = request.readUInt16BE(request.length - 2);
          targets.push(`${host}:${port}`);
          join(socket, "127.0.0.1", port, Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
        });
      });
    });
  });

describe("connections through a proxy", () => {
  const authority = new TestAuthority();
  let http1: TestServer;
  let h2: TestServer;
  before(async () => {
    const tls = authority.issue({ usage: "server", hosts: ["127.0.0.1", "localhost"] });
    [http1, h2] = await Promise.all([
      startTlsServer("http/1.1", tls, (_request, response) => response.end("hello")),
      startTlsServer("h2", tls, (_request, response) => response.end("hello")),
    ]);
  });
  after(async () => {
    await http1[Symbol.asyncDispose]();
    await h2[Symbol.asyncDispose]();
  });

  const get = async (settings: Partial<ConnectionSettings> & { readonly server: string }) => {
    await using client = connectRestClient(
      { caBundle: authority.ca, ...settings },
      { userAgent: "test" },
    );
    const { body } = await client.raw({ method: "GET", path: "/" });
    return Buffer.from(body).toString();
  };

  for (const protocol of ["h2", "http/1.1"] as const) {
    it(`go by CONNECT, with ${protocol} inside`, async () => {
      const { url } = protocol === "h2" ? h2 : http1;
      await using proxy = await startHttpProxy();
      equal(
        await get({ server: url, proxyUrl: `http://me:p%40ss@127.0.0.1:${proxy.port}` }),
        "hello",
      );
      ok(proxy.targets.length > 0);
      deepEqual(new Set(proxy.targets), new Set([new URL(url).host]));
    });

    it(`go by SOCKS5, which resolves the name, with ${protocol} inside`, async () => {
      const server = (protocol === "h2" ? h2 : http1).url.replace("127.0.0.1", "localhost");
      await using proxy = await startSocksProxy();
      equal(await get({ server, proxyUrl: `socks5://me:p%40ss@127.0.0.1:${proxy.port}` }), "hello");
      deepEqual(new Set(proxy.targets), new Set([new URL(server).host]));
    });
  }

  it("fail naming the proxy and its answer, but no password", async () => {
    await using proxy = await startHttpProxy();
    const failed = get({ server: h2.url, proxyUrl: `http://me:wrong@127.0.0.1:${proxy.port}` });
    await rejects(failed, (error: Error) => {
      match(error.message, /proxy http:\/\/127\.0\.0\.1:\d+: it answered HTTP\/1\.1 407/);
      ok(!error.message.includes("wrong"));
      return true;
    });
  });

  it("fail where no proxy is", async () => {
    const failed = get({ server: h2.url, proxyUrl: "socks5://127.0.0.1:1" });
    await rejects(failed, /proxy socks5:\/\/127\.0\.0\.1:1: connection refused/);
  });

  it("check certificates all the same", async () => {
    await using proxy = await startHttpProxy();
    const proxyUrl = `http://me:p%40ss@127.0.0.1:${proxy.port}`;
    const { ca } = new TestAuthority();
    await rejects(get({ server: h2.url, proxyUrl, caBundle: ca }), /not signed by the given CA/);
  });
});

describe("TLS checks that are left out", () => {
  const authority = new TestAuthority();
  const servers: TestServer[] = [];
  after(async () => {
    for (const server of servers) await server[Symbol.asyncDispose]();
  });
  const start = async (certificate: Parameters<TestAuthority["issue"]>[0]): Promise<string> => {
    const tls = authority.issue(certificate);
    const server = await startTlsServer("http/1.1", tls, (_request, response) =>
      response.end("ok"),
    );
    servers.push(server);
    return server.url;
  };
  const get = async (
    server: string,
    disabledTlsChecks: readonly string[],
    caBundle: string = authority.ca,
  ): Promise<string> => {
    const settings = { server, caBundle, disabledTlsChecks };
    await using client = connectRestClient(settings, { userAgent: "test" });
    const { body } = await client.raw({ method: "GET", path: "/" });
    return Buffer.from(body).toString();
  };
  const foreign = new TestAuthority().ca;

  it("SubjectName: any name, but only of the given authority", async () => {
    const url = await start({ usage: "server", hosts: ["elsewhere.example"] });
    await rejects(get(url, []), /for other host names/);
    await rejects(get(url, ["ValidityPeriod"]), /for other host names/);
    equal(await get(url, ["SubjectName"]), "ok");
    await rejects(get(url, ["SubjectName"], foreign), /not signed by the given CA/);
  });

  it("ValidityPeriod: any dates, but the right name and authority", async () => {
    const url = await start({ usage: "server", notAfterMs: Date.now() - hourMs });
    await rejects(get(url, []), /has expired/);
    await rejects(get(url, ["SubjectName"]), /has expired/);
    equal(await get(url, ["ValidityPeriod"]), "ok");
    await rejects(get(url, ["ValidityPeriod"], foreign), /not signed by the given CA/);
  });

  it("both together", async () => {
    const expired = {
      usage: "server",
      hosts: ["x.example"],
      notAfterMs: Date.now() - hourMs,
    } as const;
    const url = await start(expired);
    equal(await get(url, ["SubjectName", "ValidityPeriod"]), "ok");
    await rejects(get(url, ["SubjectName", "ValidityPeriod"], foreign), /not signed by/);
  });
});
