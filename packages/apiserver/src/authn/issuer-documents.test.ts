import { deepEqual, equal } from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import { createLocalJWKSet, jwtVerify } from "jose";
import { parseServiceAccountKey } from "../pki/service-account-key.ts";
import type { HttpRequest } from "../request/http-handler.ts";
import { createIssuerDocumentsHandler } from "./issuer-documents.ts";
import { signServiceAccountToken } from "./service-account-token.ts";

const issuer = "https://kubernetes.default.svc";
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = parseServiceAccountKey(privateKey.export({ type: "pkcs8", format: "pem" }));
const handler = createIssuerDocumentsHandler({
  issuer,
  externalUrl: "https://10.0.0.1:6443",
  keys: [key],
});

async function get(path: string): Promise<{ readonly type: string; readonly json: unknown }> {
  const request = { method: "GET", path } as HttpRequest;
  const { headers, body } = await handler.handle(request);
  return { type: headers["content-type"] ?? "", json: JSON.parse(body.toString()) };
}

describe("createIssuerDocumentsHandler()", () => {
  it("tells issuer, algorithm and where the keys are", async () => {
    deepEqual(await get("/.well-known/openid-configuration"), {
      type: "application/json",
      json: {
        issuer,
        jwks_uri: "https://10.0.0.1:6443/openid/v1/jwks",
        response_types_supported: ["id_token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["ES256"],
      },
    });
  });

  it("gives keys with which another library verifies our tokens", async () => {
    const { type, json } = await get("/openid/v1/jwks");
    equal(type, "application/jwk-set+json");
    const nowSeconds = Math.floor(Date.now() / 1000);
    const token = signServiceAccountToken(
      {
        issuer,
        audiences: ["vault"],
        claims: { namespace: "ns", serviceaccount: { name: "sa", uid: "u" } },
        issuedAtSeconds: nowSeconds,
        expiresAtSeconds: nowSeconds + 600,
        tokenId: "t",
      },
      key,
    );
    const keys = createLocalJWKSet(json as Parameters<typeof createLocalJWKSet>[0]);
    const { payload } = await jwtVerify(token, keys, { issuer, audience: "vault" });
    equal(payload.sub, "system:serviceaccount:ns:sa");
  });

  it("never gives a private key", async () => {
    const { json } = await get("/openid/v1/jwks");
    const [jwk = {}] = (json as { readonly keys: readonly object[] }).keys;
    equal("d" in jwk, false);
    equal(createPublicKey({ key: jwk, format: "jwk" }).equals(key.publicKey), true);
  });

  it("serves these two paths and no more", () => {
    equal(handler.handles("/openid/v1/jwks"), true);
    equal(handler.handles("/openid/v1"), false);
  });
});
