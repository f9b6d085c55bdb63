import { deepEqual, equal, match, notEqual, ok, rejects } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createSecureContext } from "node:tls";
import { ensurePki, issueClientCertificate, usualHosts } from "./ensure-pki.ts";
import { writeKubeconfig } from "./kubeconfig.ts";

const dayMs = 24 * 3600 * 1000;
const nowMs = Date.parse("2026-11-24T00:00:00Z");
const options = { hosts: ["10.1.2.3", "fe80::1", "2001:db8::192.0.2.1", "cp.example.com"], nowMs };

let parent = "";
before(async () => {
  parent = await mkdtemp(join(tmpdir(), "pki-"));
});
after(() => rm(parent, { recursive: true }));

describe("ensurePki()", () => {
  it("makes an authority and leaves that it signed, for all hosts", async () => {
    const { ca, server, admin } = await ensurePki(join(parent, "fresh"), options);
    const authority = new X509Certificate(ca);
    ok(authority.ca && authority.verify(authority.publicKey));
    for (const leaf of [server, admin]) {
      const certificate = new X509Certificate(leaf.certificate);
      ok(certificate.checkIssued(authority) && certificate.verify(authority.publicKey));
      ok(!certificate.ca);
      createSecureContext({ cert: leaf.certificate, key: leaf.key });
    }
    const certificate = new X509Certificate(server.certificate);
    for (const host of [...usualHosts, ...options.hosts]) {
      ok(isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host), host);
    }
    equal(new X509Certificate(admin.certificate).subject, "O=system:masters\nCN=kubernetes-admin");
  });

  it("keeps everything when called again, and its keys to the owner", async () => {
    const folder = join(parent, "again");
    const first = await ensurePki(folder, options);
    deepEqual(await ensurePki(folder, { ...options, nowMs: nowMs + dayMs }), first);
    equal((await stat(folder)).mode & 0o777, 0o700);
    for (const file of await readdir(folder)) {
      const mode = (await stat(join(folder, file))).mode & 0o777;
      equal(mode, file.endsWith(".key") ? 0o600 : 0o644, file);
    }
  });

  it("renews leaves near their end but not the authority", async () => {
    const folder = join(parent, "renew");
    const first = await ensurePki(folder, options);
    ok(first.renewAtMs > nowMs + 300 * dayMs && first.renewAtMs < nowMs + 310 * dayMs);
    const later = await ensurePki(folder, { ...options, nowMs: first.renewAtMs + 1 });
    equal(later.ca, first.ca);
    notEqual(later.server.certificate, first.server.certificate);
    notEqual(later.admin.certificate, first.admin.certificate);
    ok(later.renewAtMs > first.renewAtMs + 300 * dayMs);
  });

  it("makes a new server certificate for a new host, and only that", async () => {
    const folder = join(parent, "host");
    const first = await ensurePki(folder, options);
    const later = await ensurePki(folder, { ...options, hosts: ["10.9.9.9"] });
    ok(new X509Certificate(later.server.certificate).checkIP("10.9.9.9"));
    equal(later.admin.certificate, first.admin.certificate);
  });

  it("repairs what a kill between two writes leaves", async () => {
    const folder = join(parent, "killed");
    const first = await ensurePki(folder, options);
    // A new key without its certificate yet, and a neighbour half written.
    await writeFile(join(folder, "apiserver.key"), first.admin.key);
    await writeFile(join(folder, "admin.crt.new"), "-----BEGIN CERT");
    await rm(join(folder, "admin.crt"));
    const later = await ensurePki(folder, options);
    createSecureContext({ cert: later.server.certificate, key: later.server.key });
    createSecureContext({ cert: later.admin.certificate, key: later.admin.key });
    ok(!(await readdir(folder)).some((file) => file.endsWith(".new")));
  });

  it("makes an authority again whose certificate was never written", async () => {
    const folder = join(parent, "no-authority");
    await ensurePki(folder, options);
    await rm(join(folder, "ca.crt"));
    const { ca, server } = await ensurePki(folder, options);
    ok(new X509Certificate(server.certificate).verify(new X509Certificate(ca).publicKey));
  });

  it("works without the authority's key until a leaf must be signed", async () => {
    const folder = join(parent, "keyless");
    const first = await ensurePki(folder, options);
    await rm(join(folder, "ca.key"));
    deepEqual(await ensurePki(folder, options), first);
    await rejects(
      ensurePki(folder, { ...options, hosts: ["other.example.com"] }),
      /^Error: Cannot sign a certificate without ".*ca\.key": there is no such file$/,
    );
  });

  it("refuses an authority that has ended or has another key", async () => {
    const folder = join(parent, "foreign");
    const { admin } = await ensurePki(folder, options);
    await rejects(
      ensurePki(folder, { ...options, nowMs: nowMs + 3651 * dayMs }),
      /expired at 2036-11-2/,
    );
    await writeFile(join(folder, "ca.key"), admin.key);
    await rejects(ensurePki(folder, options), /is not its key$/);
  });
});

describe("issueClientCertificate()", () => {
  it("names the user and each group", async () => {
    const folder = join(parent, "client");
    const { ca } = await ensurePki(folder, options);
    const request = { user: "alice", groups: ["dev", "qa"], nowMs };
    const certificate = new X509Certificate(
      (await issueClientCertificate(folder, request)).certificate,
    );
    equal(certificate.subject, "O=dev\nO=qa\nCN=alice");
    ok(certificate.verify(new X509Certificate(ca).publicKey));
  });
});

describe("writeKubeconfig()", () => {
  it("writes one context that only the owner can read", async () => {
    const file = join(parent, "kubeconfig");
    await writeKubeconfig(file, {
      server: "https://127.0.0.1:6443",
      ca: "C",
      token: "t",
      name: "cp",
    });
    equal((await stat(file)).mode & 0o777, 0o600);
    const text = await readFile(file, "utf8");
    match(text, /^ {4}server: "https:\/\/127\.0\.0\.1:6443"$/m);
    match(text, /^ {4}certificate-authority-data: "Qw=="$/m);
    match(text, /^current-context: "cp"$/m);
    match(text, /^ {4}token: "t"$/m);
  });
});
