import { createPrivateKey, X509Certificate } from "node:crypto";
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { issueCertificate, signCertificate } from "./issue-certificate.ts";
import {
  createSigningRequest,
  readSigningRequest,
  SigningRequestError,
} from "./signing-request.ts";

const subject = { commonName: "cellplane:agent:hz-a", organizations: ["cellplane:agents"] };
const life = { notBeforeMs: Date.now() - 1000, notAfterMs: Date.now() + 60_000 };

describe("a signing request", () => {
  it("is read back as it was made, and its key can be certified", () => {
    const { request, key } = createSigningRequest(subject);
    const { commonName, organizations, publicKey } = readSigningRequest(request);
    deepEqual({ commonName, organizations }, subject);
    const authority = issueCertificate({ usage: "authority", commonName: "ca", ...life });
    const pem = signCertificate({ usage: "client", ...subject, ...life }, publicKey, {
      key: createPrivateKey(authority.key),
      certificate: new X509Certificate(authority.certificate).raw,
    });
    const certificate = new X509Certificate(pem);
    ok(certificate.checkPrivateKey(createPrivateKey(key)));
    ok(certificate.verify(new X509Certificate(authority.certificate).publicKey));
    equal(certificate.subject, "O=cellplane:agents\nCN=cellplane:agent:hz-a");
  });

  it("is refused when any byte of it was changed", () => {
    const { request } = createSigningRequest(subject);
    const [, body = ""] = /REQUEST-----([^-]+)-----/.exec(request) ?? [];
    const der = Buffer.from(body, "base64");
    for (let at = 0; at < der.length; at += 3) {
      const changed = Buffer.from(der);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${changed.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
      // A name of the same length that nobody signed, a key that is none, an end that comes early.
      throws(
        () => {
          const read = readSigningRequest(pem);
          // What is not covered by the signature may change; what is asked for may not.
          deepEqual({ commonName: read.commonName, organizations: read.organizations }, subject);
          throw new SigningRequestError("unchanged");
        },
        SigningRequestError,
        `byte ${at}`,
      );
    }
  });

  it("is refused when it is something else", () => {
    throws(() => readSigningRequest("nothing"), SigningRequestError);
    const { certificate } = issueCertificate({ usage: "authority", commonName: "ca", ...life });
    const pem = certificate.replaceAll("CERTIFICATE", "CERTIFICATE REQUEST");
    throws(() => readSigningRequest(pem), SigningRequestError);
  });
});
