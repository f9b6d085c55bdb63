import { sign, verify } from "node:crypto";
import { isJsonObject, type JsonObject, parseJson } from "@cellplane/apimachinery";
import type { ServiceAccountKey } from "../pki/service-account-key.ts";

/** An object by name and uid, as tokens refer to it. */
export interface BoundObject {
  readonly name: string;
  readonly uid: string;
}

/** The kinds of objects that a token may be bound to: with the object the token dies. */
export type BoundKind = "secret" | "pod" | "node";

/** What the private claim `kubernetes.io` of a service-account token says. */
export interface ServiceAccountClaims extends Partial<Readonly<Record<BoundKind, BoundObject>>> {
  readonly namespace: string;
  readonly serviceaccount: BoundObject;
}

/** A token to be made. Times in whole seconds since 1970. */
export interface ServiceAccountTokenRequest {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly claims: ServiceAccountClaims;
  readonly issuedAtSeconds: number;
  readonly expiresAtSeconds: number;
  /** Identifies the token in audit logs. */
  readonly tokenId: string;
}

/** The user name of a service account. */
export function serviceAccountUsername(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/** The groups of a service account. */
export function serviceAccountGroups(namespace: string): readonly string[] {
  return ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
}

/** Makes a bound service-account token with Kubernetes' claims. */
export function signServiceAccountToken(
  request: ServiceAccountTokenRequest,
  key: ServiceAccountKey,
): string {
  const { claims, issuedAtSeconds } = request;
  return signJwt(
    {
      aud: request.audiences,
      exp: request.expiresAtSeconds,
      iat: issuedAtSeconds,
      iss: request.issuer,
      jti: request.tokenId,
      "kubernetes.io": { ...claims },
      nbf: issuedAtSeconds,
      sub: serviceAccountUsername(claims.namespace, claims.serviceaccount.name),
    },
    key,
  );
}

/** Signs a payload as a compact JWS with ES256. */
export function signJwt(payload: object, key: ServiceAccountKey): string {
  const signed = `${encode({ alg: "ES256", kid: key.keyId })}.${encode(payload)}`;
  const signature = sign("sha256", Buffer.from(signed), {
    key: key.privateKey,
    dsaEncoding: "ieee-p1363",
  });
  return `${signed}.${signature.toString("base64url")}`;
}

/** A token taken apart, not yet verified. */
export interface ParsedJwt {
  readonly header: JsonObject;
  readonly payload: JsonObject;
  readonly signed: string;
  readonly signature: Buffer;
}

/** Takes a compact JWS apart; `undefined`: it is none. */
export function parseJwt(token: string): ParsedJwt | undefined {
  const parts = token.split(".");
  const [head = "", body = "", signature = ""] = parts;
  if (parts.length !== 3) return undefined;
  const header = decode(head);
  const payload = decode(body);
  if (!header || !payload) return undefined;
  return {
    header,
    payload,
    signed: `${head}.${body}`,
    signature: Buffer.from(signature, "base64url"),
  };
}

/** Whether one of the keys made this token. The algorithm is the key's and never the token's choice. */
export function verifyJwt(jwt: ParsedJwt, keys: readonly ServiceAccountKey[]): boolean {
  const { alg, kid } = jwt.header;
  if (alg !== "ES256") return false;
  return keys.some(
    (key) =>
      (kid === undefined || kid === key.keyId) &&
      verify(
        "sha256",
        Buffer.from(jwt.signed),
        { key: key.publicKey, dsaEncoding: "ieee-p1363" },
        jwt.signature,
      ),
  );
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(part: string): JsonObject | undefined {
  try {
    const value = parseJson(Buffer.from(part, "base64url").toString("utf8"));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
