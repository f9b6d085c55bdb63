import { throws } from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ensureServingCertificate, signClientCertificate } from "@cellplane/apiserver";
import { createSigningRequest } from "@cellplane/x509";
import { checkCredentials } from "./read-credentials.ts";

describe("checkCredentials()", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "cellplane-credentials-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("takes a whole credential, and names the file that is none", async () => {
    const nowMs = Date.now();
    const pki = join(folder, "pki");
    const { ca } = await ensureServingCertificate(pki, { commonName: "cp", hosts: ["cp"], nowMs });
    const { key } = createSigningRequest({ commonName: "a", organizations: [] });
    const publicKey = createPublicKey(key);
    const life = { nowMs, lifeMs: 60_000 };
    const { certificate } = await signClientCertificate(pki, {
      user: "a",
      groups: [],
      publicKey,
      ...life,
    });
    const other = createSigningRequest({ commonName: "a", organizations: [] }).key;
    const files = { "ca.crt": ca, "tls.crt": certificate, "tls.key": key };
    const writeAll = async (more: Readonly<Record<string, string>>): Promise<void> => {
      for (const [name, text] of Object.entries({ ...files, ...more })) {
        await writeFile(join(folder, name), text);
      }
    };
    await writeAll({});
    checkCredentials(folder);
    for (const [name, what] of [
      ["ca.crt", /ca\.crt as it is no certificate/],
      ["tls.crt", /tls\.crt as it is no certificate/],
      ["tls.key", /tls\.key as it is no private key/],
    ] as const) {
      await writeAll({ [name]: "junk" });
      throws(() => checkCredentials(folder), what);
    }
    await writeAll({ "tls.key": other });
    throws(() => checkCredentials(folder), /its tls\.key is not the key of its tls\.crt/);
    await rm(join(folder, "tls.key"));
    throws(() => checkCredentials(folder), /Cannot read the credential .*tls\.key: ENOENT/);
  });
});
