import type { ServiceAccountKey } from "../pki/service-account-key.ts";
import type { HttpHandler } from "../request/http-handler.ts";

const configurationPath = "/.well-known/openid-configuration";
const keysPath = "/openid/v1/jwks";

/** What the discovery documents of the service-account issuer say. */
export interface IssuerDocumentsOptions {
  readonly issuer: string;
  /** How the server is reached from outside: `https://10.0.0.1:6443`. */
  readonly externalUrl: string;
  readonly keys: readonly ServiceAccountKey[];
}

/** Serves the OpenID discovery document and the keys of the issuer of service-account tokens. */
export function createIssuerDocumentsHandler(options: IssuerDocumentsOptions): HttpHandler {
  const configuration = JSON.stringify({
    issuer: options.issuer,
    jwks_uri: new URL(keysPath, options.externalUrl).href,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
  });
  const keys = JSON.stringify({ keys: options.keys.map(renderKey) });
  return {
    handles: (path) => path === configurationPath || path === keysPath,
    handle: ({ path, method }) => {
      if (method !== "GET" && method !== "HEAD") {
        return { status: 405, headers: { allow: "GET, HEAD" }, body: "" };
      }
      const isKeys = path === keysPath;
      const headers = {
        "content-type": isKeys ? "application/jwk-set+json" : "application/json",
        "cache-control": "public, max-age=3600",
      };
      return { status: 200, headers, body: isKeys ? keys : configuration };
    },
  };
}

function renderKey({ keyId, publicKey }: ServiceAccountKey): object {
  const { kty, crv, x, y } = publicKey.export({ format: "jwk" });
  return { use: "sig", kty, kid: keyId, crv, alg: "ES256", x, y };
}
