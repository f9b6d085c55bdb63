import { isJsonObject, type JsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import type { ServiceAccountKey } from "../pki/service-account-key.ts";
import { legacyPayload } from "./service-account-claims.ts";
import { signJwt } from "./service-account-token.ts";

/** The type of Secrets that hold the token of a service account. */
export const tokenSecretType = "kubernetes.io/service-account-token";

const nameAnnotation = "kubernetes.io/service-account.name";
const uidAnnotation = "kubernetes.io/service-account.uid";

/** What token Secrets are filled with. */
export interface TokenSecretContent {
  readonly key: ServiceAccountKey;
  /** PEM. */
  readonly ca: string;
}

/** The service account that a Secret wants a token of; `undefined`: it is no token Secret. */
export function wantedAccount(secret: KubernetesObject): string | undefined {
  if (secret["type"] !== tokenSecretType) return undefined;
  return secret.metadata.annotations?.[nameAnnotation];
}

/** Whether a token Secret belongs to this very account, and not to one of the same name before. */
export function belongsTo(secret: KubernetesObject, account: KubernetesObject): boolean {
  const uid = secret.metadata.annotations?.[uidAnnotation] ?? "";
  return uid === "" || uid === account.metadata.uid;
}

/** The Secret with token, authority, namespace and the account's uid; the same one if it has them. */
export function fillTokenSecret(
  secret: KubernetesObject,
  account: KubernetesObject,
  content: TokenSecretContent,
): KubernetesObject {
  const { name: secretName = "", namespace = "" } = secret.metadata;
  const { name = "", uid = "" } = account.metadata;
  const data: JsonObject = isJsonObject(secret["data"]) ? secret["data"] : {};
  const certificate = toBase64(content.ca);
  const isComplete =
    data["ca.crt"] === certificate &&
    data["namespace"] === toBase64(namespace) &&
    (data["token"] ?? "") !== "" &&
    secret.metadata.annotations?.[uidAnnotation] === uid;
  if (isComplete) return secret;
  const makeToken = (): string =>
    toBase64(
      signJwt(legacyPayload({ namespace, serviceAccount: { name, uid }, secretName }), content.key),
    );
  return {
    ...secret,
    metadata: {
      ...secret.metadata,
      annotations: { ...secret.metadata.annotations, [uidAnnotation]: uid },
    },
    data: {
      ...data,
      "ca.crt": certificate,
      namespace: toBase64(namespace),
      token: data["token"] || makeToken(),
    },
  };
}

function toBase64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
