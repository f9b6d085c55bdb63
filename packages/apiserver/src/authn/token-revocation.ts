import { isJsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import type { ObjectAccess } from "../registry/object-access.ts";
import type { TokenContent } from "./service-account-claims.ts";
import type { BoundKind, BoundObject } from "./service-account-token.ts";

/** An object that is being deleted counts as there for so long, so that its last words are heard. */
const deletionGraceMs = 60_000;

interface RevocationQuestion {
  readonly token: string;
  readonly content: TokenContent;
  readonly objects: ObjectAccess;
  readonly clock: () => number;
}

/**
 * Why a token with a good signature is void: what it depends on is gone or another. While the store
 * is away nobody can revoke a token through this server, so that what was last seen counts.
 */
export async function findRevocation(question: RevocationQuestion): Promise<string | undefined> {
  const { claims, isLegacy } = question.content;
  const { namespace, serviceaccount } = claims;
  const account = await question.objects.get(
    { group: "", resource: "serviceaccounts", namespace },
    serviceaccount.name,
    "lastSeen",
  );
  if (!isAlive(account, serviceaccount.uid, question)) {
    return "service account token has been invalidated";
  }
  if (isLegacy) return findSecretRevocation(question);
  for (const kind of ["secret", "pod", "node"] as const) {
    const bound = claims[kind];
    // A node known by name only was not there when the token was made.
    if (!bound || bound.uid === "") continue;
    const object = await getBound(question, kind, bound);
    if (!isAlive(object, bound.uid, question)) return "service account token has been invalidated";
  }
  return undefined;
}

/** A token from a Secret is good while it stands there. */
async function findSecretRevocation(question: RevocationQuestion): Promise<string | undefined> {
  const { secret } = question.content.claims;
  const object = secret && (await getBound(question, "secret", secret));
  const data = isJsonObject(object?.["data"]) ? object["data"] : {};
  const stored = typeof data["token"] === "string" ? data["token"] : "";
  return Buffer.from(stored, "base64").toString("utf8") === question.token
    ? undefined
    : "service account token has been invalidated";
}

function getBound(
  { content, objects }: RevocationQuestion,
  kind: BoundKind,
  { name }: BoundObject,
): Promise<KubernetesObject | undefined> {
  const scope = { group: "", resource: `${kind}s` };
  if (kind === "node") return objects.get(scope, name, "lastSeen");
  return objects.get({ ...scope, namespace: content.claims.namespace }, name, "lastSeen");
}

function isAlive(
  object: KubernetesObject | undefined,
  uid: string,
  { clock }: RevocationQuestion,
): boolean {
  if (object?.metadata.uid !== uid) return false;
  const deleted = object.metadata.deletionTimestamp;
  return deleted === undefined || Date.parse(deleted) + deletionGraceMs > clock();
}
