import { deepEqual, equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { PeerCertificate, TLSSocket } from "node:tls";
import { ensurePki, issueClientCertificate, type Pki } from "../pki/ensure-pki.ts";
import type { CertificateAndKey } from "@cellplane/x509";
import { judgeCertificate } from "./client-certificate.ts";

const nowMs = Date.now();
let folder = "";
let pki: Pki;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "mtls-"));
  pki = await ensurePki(folder, { hosts: [], nowMs });
});
after(() => rm(folder, { recursive: true }));

describe("judgeCertificate()", () => {
  it("takes the name from CN and a group from each O", async () => {
    const client = await issueClientCertificate(folder, {
      user: "alice",
      groups: ["dev", "qa"],
      nowMs,
    });
    const { certificate, authorized } = await present(client);
    ok(authorized);
    const verdict = judgeCertificate(certificate, nowMs);
    const fingerprint = certificate.fingerprint256.replaceAll(":", "").toLowerCase();
    deepEqual(verdict, {
      kind: "known",
      user: {
        username: "alice",
        groups: ["dev", "qa"],
        extra: { "authentication.kubernetes.io/credential-id": [`X509SHA256=${fingerprint}`] },
      },
    });
    equal(judgeCertificate(certificate, nowMs), verdict);
  });

  it("gives a single O as one group", async () => {
    const { certificate } = await present(pki.admin);
    const verdict = judgeCertificate(certificate, nowMs);
    deepEqual(verdict.kind === "known" && verdict.user.groups, ["system:masters"]);
  });

  it("refuses a certificate that ended after the handshake", async () => {
    const { certificate } = await present(pki.admin);
    const laterMs = Date.parse(certificate.valid_to) + 1;
    deepEqual(judgeCertificate(certificate, laterMs), {
      kind: "refused",
      why: "certificate has expired",
    });
  });

  it("refuses a certificate without a name", async () => {
    const client = await issueClientCertificate(folder, { user: "", groups: ["dev"], nowMs });
    const { certificate } = await present(client);
    equal(judgeCertificate(certificate, nowMs).kind, "refused");
  });

  it("is never asked about a server certificate: the handshake does not trust it as a client's", async () => {
    equal((await present(pki.server)).authorized, false);
  });
});

/** What a server with our authority sees of a client with this certificate. */
async function present(
  client: CertificateAndKey,
): Promise<{ readonly certificate: PeerCertificate; readonly authorized: boolean }> {
  const server = createServer({
    cert: pki.server.certificate,
    key: pki.server.key,
    ca: pki.ca,
    requestCert: true,
    rejectUnauthorized: false,
  });
  const seen = Promise.withResolvers<{ certificate: PeerCertificate; authorized: boolean }>();
  server.on("request", (incoming, response) => {
    const socket = incoming.socket as TLSSocket;
    seen.resolve({ certificate: socket.getPeerCertificate(), authorized: socket.authorized });
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  request({
    host: "127.0.0.1",
    port,
    ca: pki.ca,
    cert: client.certificate,
    key: client.key,
    agent: false,
  })
    .on("error", seen.reject)
    .end();
  try {
    return await seen.promise;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
