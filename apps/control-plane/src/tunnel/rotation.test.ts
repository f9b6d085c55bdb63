import { equal, notEqual } from "node:assert/strict";
import { once } from "node:events";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { describe, it } from "node:test";
import { ensureServingCertificate, signClientCertificate } from "@cellplane/apiserver";
import {
  agentOrganization,
  authenticateCertificate,
  TunnelAgent,
  TunnelServer,
} from "@cellplane/tunnel";
import { createSigningRequest, readSigningRequest } from "@cellplane/x509";
import { renewIfDue } from "./keep-renewed.ts";
import { readCredentials } from "./read-credentials.ts";
import { createAgentSigner } from "./request-signer.ts";
import { openServerChannel } from "./server-channel.ts";

const cluster = "hz-a";
const hourMs = 3_600_000;

describe("renewing certificates while connections stand", () => {
  it("changes the agent's and the server's without dropping one", async () => {
    await using opened = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), "cellplane-rotation-"));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    const serving = await ensureServingCertificate(join(folder, "pki"), {
      commonName: "cellplane-tunnel",
      hosts: ["127.0.0.1"],
      nowMs: Date.now(),
    });
    await writeAgent(folder, serving.ca);
    const echo = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
    await once(echo, "listening");
    opened.defer(() => void echo.close());
    const target = `127.0.0.1:${(echo.address() as AddressInfo).port}`;
    const connected = Promise.withResolvers<void>();
    const tls = { cert: serving.server.certificate, key: serving.server.key, ca: serving.ca };
    const server = opened.use(
      new TunnelServer({
        tls,
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
    equal(await echoed(stream, "before"), "before");

    const before = await readFile(join(folder, "tls.crt"), "utf8");
    const of = { credentialsDir: folder, servers: [address] };
    equal(await renewIfDue(of, Date.now()), undefined);
    const next = await renewIfDue(of, Date.now() + 7 * hourMs);
    const after = await readFile(join(folder, "tls.crt"), "utf8");
    notEqual(after, before);
    equal((next?.getTime() ?? 0) > Date.now() + 24 * hourMs, true);
    equal(new X509Certificate(after).subject, new X509Certificate(before).subject);
    server.renewTls(tls);

    equal(await echoed(stream, "after"), "after");
    equal(server.links().length, 1);
    // The new certificate is one that the server takes.
    equal((await renewIfDue(of, Date.now() + 40 * 24 * hourMs)) !== undefined, true);
  });
});

/** A credential that is due in six hours. */
async function writeAgent(folder: string, ca: string): Promise<void> {
  const { request, key } = createSigningRequest({
    commonName: `cellplane:agent:${cluster}`,
    organizations: [agentOrganization],
  });
  const { certificate } = await signClientCertificate(join(folder, "pki"), {
    user: `cellplane:agent:${cluster}`,
    groups: [agentOrganization],
    publicKey: readSigningRequest(request).publicKey,
    nowMs: Date.now(),
    lifeMs: 10 * hourMs,
  });
  const files = { "ca.crt": ca, "tls.crt": certificate, "tls.key": key };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

async function echoed(stream: Duplex, text: string): Promise<string> {
  stream.write(text);
  const received: readonly unknown[] = await once(stream, "data");
  return String(received[0]);
}
