import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "@cellplane/apimachinery";
import type { BoundObject, ServiceAccountClaims } from "./service-account-token.ts";

/** The issuer of tokens in Secrets, which never expire. */
export const legacyIssuer = "kubernetes/serviceaccount";

/** What a token says, once its signature is known to be good. */
export interface TokenContent {
  readonly claims: ServiceAccountClaims;
  /** Empty for a token from a Secret. */
  readonly audiences: readonly string[];
  /** Seconds since 1970. Absent: none. */
  readonly notBefore: number | undefined;
  readonly expires: number | undefined;
  readonly tokenId: string | undefined;
  readonly isLegacy: boolean;
}

/** Reads the claims of a service-account token; `undefined`: they are not of that kind. */
export function readTokenContent(payload: JsonObject): TokenContent | undefined {
  const isLegacy = payload["iss"] === legacyIssuer;
  const claims = isLegacy ? readLegacyClaims(payload) : readClaims(payload["kubernetes.io"]);
  if (!claims) return undefined;
  const expires = seconds(payload["exp"]);
  // Only a token from a Secret may live for ever.
  if (!isLegacy && expires === undefined) return undefined;
  return {
    claims,
    audiences: audiencesOf(payload["aud"]),
    notBefore: seconds(payload["nbf"]),
    expires,
    tokenId: text(payload["jti"]) || undefined,
    isLegacy,
  };
}

function readClaims(value: JsonValue | undefined): ServiceAccountClaims | undefined {
  if (!isJsonObject(value)) return undefined;
  const serviceaccount = readBound(value["serviceaccount"]);
  const namespace = text(value["namespace"]);
  if (!serviceaccount || namespace === "") return undefined;
  const [secret, pod, node] = [value["secret"], value["pod"], value["node"]].map(readBound);
  return {
    namespace,
    serviceaccount,
    ...(secret && { secret }),
    ...(pod && { pod }),
    ...(node && { node }),
  };
}

function readLegacyClaims(payload: JsonObject): ServiceAccountClaims | undefined {
  const claim = (name: string): string => text(payload[`kubernetes.io/serviceaccount/${name}`]);
  const [namespace, name, uid] = [
    claim("namespace"),
    claim("service-account.name"),
    claim("service-account.uid"),
  ];
  const secret = claim("secret.name");
  if (namespace === "" || name === "" || uid === "" || secret === "") return undefined;
  return { namespace, serviceaccount: { name, uid }, secret: { name: secret, uid: "" } };
}

/** The payload of a token that stands in a Secret. */
export function legacyPayload(claims: {
  readonly namespace: string;
  readonly serviceAccount: BoundObject;
  readonly secretName: string;
}): Readonly<Record<string, string>> {
  const prefix = "kubernetes.io/serviceaccount/";
  const { namespace, serviceAccount, secretName } = claims;
  return {
    iss: legacyIssuer,
    [`${prefix}namespace`]: namespace,
    [`${prefix}secret.name`]: secretName,
    [`${prefix}service-account.name`]: serviceAccount.name,
    [`${prefix}service-account.uid`]: serviceAccount.uid,
    sub: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
  };
}

function readBound(value: JsonValue | undefined): BoundObject | undefined {
  if (!isJsonObject(value)) return undefined;
  return { name: text(value["name"]), uid: text(value["uid"]) };
}

/** RFC 7519 allows one audience as a string. */
function audiencesOf(value: JsonValue | undefined): readonly string[] {
  if (typeof value === "string") return [value];
  return isJsonArray(value) ? value.filter((each) => typeof each === "string") : [];
}

function seconds(value: JsonValue | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function text(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}
