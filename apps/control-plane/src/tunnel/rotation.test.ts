import { equal, notEqual, rejects, throws } from "node:assert/strict";
import { once } from "node:events";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { describe, it } from "node:test";
import { connect, type TlsOptions } from "node:tls";
import {
  ensureServingCertificate,
  type ServingCertificate,
  signClientCertificate,
} from "@cellplane/apiserver";
import {
  agentOrganization,
  authenticateCertificate,
  TunnelAgent,
  TunnelServer,
} from "@cellplane/tunnel";
import { createSigningRequest, readSigningRequest } from "@cellplane/x509";
import { renewCertificates } from "../kubernetes-api/renew-certificates.ts";
import type { CredentialSecret } from "./credential-secret.ts";
import { finishRenewal, keepRenewed, renewIfDue } from "./keep-renewed.ts";
import { checkCredentials, readCredentials } from "./read-credentials.ts";
import { createAgentSigner } from "./request-signer.ts";
import { openServerChannel } from "./server-channel.ts";

const cluster = "hz-a";
const hourMs = 3_600_000;

/** A tunnel with one agent, whose credential ends in a while, and a connection through it. */
class Rotation implements AsyncDisposable {
  readonly folder: string;
  readonly serving: ServingCertificate;
  readonly server: TunnelServer;
  readonly address: string;
  readonly stream: Duplex;
  readonly #opened: AsyncDisposableStack;

  private constructor(
    opened: AsyncDisposableStack,
    parts: Pick<Rotation, "folder" | "serving" | "server" | "address" | "stream">,
  ) {
    this.#opened = opened;
    this.folder = parts.folder;
    this.serving = parts.serving;
    this.server = parts.server;
    this.address = parts.address;
    this.stream = parts.stream;
  }

  static async open(lifeMs: number): Promise<Rotation> {
    await using opened = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), "cellplane-rotation-"));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    const serving = await certificateFor(folder, ["127.0.0.1"]);
    await writeAgent(folder, serving.ca, lifeMs);
    const echo = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
    await once(echo, "listening");
    opened.defer(() => void echo.close());
    const target = `127.0.0.1:${(echo.address() as AddressInfo).port}`;
    const connected = Promise.withResolvers<void>();
    const server = opened.use(
      new TunnelServer({
        tls: tlsOf(serving),
        authenticate: authenticateCertificate,
        directory: { routeOf: (name) => (name === cluster ? { upstream: target } : undefined) },
        sign: createAgentSigner(join(folder, "pki")).sign,
        serverId: "one",
        events: { onConnect: () => connected.resolve() },
      }),
    );
    const bound = await server.listen({ host: "127.0.0.1", port: 0 });
    const address = `127.0.0.1:${"port" in bound ? bound.port : 0}`;
    opened.use(
      new TunnelAgent({
        servers: [address],
        cluster,
        agentId: "agent",
        targets: { target },
        channelOf: (place, signal) =>
          openServerChannel(place, { tls: readCredentials(folder), env: {}, signal }),
      }),
    );
    await connected.promise;
    const stream = await server.dial({ cluster });
    opened.defer(() => void stream.destroy());
    return new Rotation(opened.move(), { folder, serving, server, address, stream });
  }

  certificate(): Promise<string> {
    return readFile(join(this.folder, "tls.crt"), "utf8");
  }

  /** What who connects now sees of the server. */
  async serverSerial(): Promise<string> {
    const { ca, cert, key } = readCredentials(this.folder);
    const [host = "", port] = this.address.split(":");
    const socket = connect({ host, port: Number(port), ca, cert, key, ALPNProtocols: ["h2"] });
    await once(socket, "secureConnect");
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }
}

describe("renewing certificates while connections stand", () => {
  it("changes the agent's and the server's without dropping one", async () => {
    await using tunnel = await Rotation.open(10 * hourMs);
    const { stream, server, folder, address } = tunnel;
    equal(await echoed(stream, "before"), "before");
    const before = await tunnel.certificate();
    const of = { credentialsDir: folder, servers: [address] };
    equal(await renewIfDue(of, Date.now()), undefined);
    const next = await renewIfDue(of, Date.now() + 7 * hourMs);
    const after = await tunnel.certificate();
    notEqual(after, before);
    equal((next?.getTime() ?? 0) > Date.now() + 24 * hourMs, true);
    equal(new X509Certificate(after).subject, new X509Certificate(before).subject);
    server.renewTls(tlsOf(tunnel.serving));

    equal(await echoed(stream, "after"), "after");
    equal(server.links().length, 1);
    // The new certificate is one that the server takes.
    equal((await renewIfDue(of, Date.now() + 40 * 24 * hourMs)) !== undefined, true);
  });

  it("renews the agent's by itself when it is due", async () => {
    // Certificates begin an hour ago: two thirds of this one are over in two seconds.
    await using tunnel = await Rotation.open(hourMs / 2 + 3000);
    const { stream, folder, address, server } = tunnel;
    const before = await tunnel.certificate();
    const renewed = Promise.withResolvers<object>();
    const logger = { ...silent, info: renewed.resolve };
    const of = { credentialsDir: folder, servers: [address], lookEveryMs: 50 };
    equal(await renewIfDue(of, Date.now()), undefined);
    using _ = keepRenewed(of, logger);
    await renewed.promise;
    const after = await tunnel.certificate();
    notEqual(after, before);
    equal(Date.parse(new X509Certificate(after).validTo) > Date.now() + 29 * 24 * hourMs, true);
    equal(await echoed(stream, "still there"), "still there");
    equal(server.links().length, 1);
  });

  it("puts it into the Secret that the folder is mounted from, unless another agent was first", async () => {
    await using tunnel = await Rotation.open(10 * hourMs);
    const { folder, address } = tunnel;
    const before = await tunnel.certificate();
    let stored = before;
    const secret: CredentialSecret = {
      readCertificate: async () => stored,
      write: async ({ cert, key }) => {
        equal(new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)), true);
        stored = cert;
      },
    };
    const of = { credentialsDir: folder, servers: [address], secret };
    const dueMs = Date.now() + 7 * hourMs;
    equal((await renewIfDue(of, dueMs)) !== undefined, true);
    const renewed = stored;
    notEqual(renewed, before);
    // Mounted folders are read-only, and follow their Secret by themselves.
    equal(await tunnel.certificate(), before);
    equal(await renewIfDue(of, dueMs), undefined);
    equal(stored, renewed);
  });

  it("tells what is wrong with a certificate that the server does not take", async () => {
    await using tunnel = await Rotation.open(10 * hourMs);
    const { folder, address, serving } = tunnel;
    const renewed = (): Promise<unknown> =>
      renewIfDue({ credentialsDir: folder, servers: [address] }, Date.now() + 90 * 24 * hourMs);
    const day = 24 * hourMs;
    await writeAgent(folder, serving.ca, hourMs, { nowMs: Date.now() - 2 * day });
    await rejects(renewed(), /no valid credential: its certificate has expired$/);
    const elsewhere = join(folder, "elsewhere");
    await certificateFor(elsewhere, ["127.0.0.1"]);
    await writeAgent(folder, serving.ca, hourMs, { pki: join(elsewhere, "pki") });
    await rejects(renewed(), /its certificate is not by the authority of this control plane/);
    await writeAgent(folder, serving.ca, hourMs, { organization: "others" });
    await rejects(renewed(), /its certificate is not one of an agent$/);
  });

  it("ends what a process began that was killed between the two files", async () => {
    await using tunnel = await Rotation.open(10 * hourMs);
    const { folder, address } = tunnel;
    const old = await tunnel.certificate();
    finishRenewal(folder);
    await renewIfDue({ credentialsDir: folder, servers: [address] }, Date.now() + 7 * hourMs);
    const renewed = await tunnel.certificate();
    await writeFile(join(folder, "tls.crt"), old);
    await writeFile(join(folder, "tls.crt.new"), renewed);
    throws(() => checkCredentials(folder), /is not the key of its tls\.crt/);
    finishRenewal(folder);
    checkCredentials(folder);
    equal(await tunnel.certificate(), renewed);
  });

  it("renews the server's by itself when it is due: who connects then sees the new one", async () => {
    await using tunnel = await Rotation.open(10 * hourMs);
    const { stream, folder, server, serving } = tunnel;
    const before = await tunnel.serverSerial();
    const renewed = Promise.withResolvers<void>();
    using _ = renewCertificates({
      server: {
        reloadTls: ({ key, cert, clientCa }) => {
          server.renewTls({ key, cert, ca: clientCa });
          renewed.resolve();
        },
      },
      pki: { ...serving, renewAtMs: Date.now() + 500 },
      // A further name asks for a new certificate as the end of the old one does.
      ensure: () => certificateFor(folder, ["127.0.0.1", "tunnel.test"]),
      nowMs: Date.now,
      logger: silent,
    });
    // The timer alone keeps no process alive.
    const alive = setInterval(() => undefined, 1000);
    await renewed.promise;
    clearInterval(alive);
    notEqual(await tunnel.serverSerial(), before);
    equal(await echoed(stream, "still there"), "still there");
    equal(server.links().length, 1);
  });
});

const none = (): void => undefined;
const silent = { debug: none, info: none, warn: none, error: none };

function certificateFor(folder: string, hosts: readonly string[]): Promise<ServingCertificate> {
  return ensureServingCertificate(join(folder, "pki"), {
    commonName: "cellplane-tunnel",
    hosts,
    nowMs: Date.now(),
  });
}

function tlsOf({ server, ca }: ServingCertificate): TlsOptions {
  return { cert: server.certificate, key: server.key, ca };
}

async function writeAgent(
  folder: string,
  ca: string,
  lifeMs: number,
  {
    nowMs = Date.now(),
    pki = join(folder, "pki"),
    organization = agentOrganization,
  }: { readonly nowMs?: number; readonly pki?: string; readonly organization?: string } = {},
): Promise<void> {
  const { request, key } = createSigningRequest({
    commonName: `cellplane:agent:${cluster}`,
    organizations: [organization],
  });
  const { certificate } = await signClientCertificate(pki, {
    user: `cellplane:agent:${cluster}`,
    groups: [organization],
    publicKey: readSigningRequest(request).publicKey,
    nowMs,
    lifeMs,
  });
  const files = { "ca.crt": ca, "tls.crt": certificate, "tls.key": key };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

async function echoed(stream: Duplex, text: string): Promise<string> {
  stream.write(text);
  const received: readonly unknown[] = await once(stream, "data");
  return String(received[0]);
}
