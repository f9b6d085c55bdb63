import { X509Certificate } from "node:crypto";
import { isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import type { ObjectAccess, Pki } from "@cellplane/apiserver";
import { ServerError } from "../options/server-error.ts";

const scope = { group: "", resource: "configmaps", namespace: "kube-system" };

/** Where Kubernetes publishes the authority of client certificates. */
const name = "extension-apiserver-authentication";

/** Which key signs the tokens of service accounts: its `kid`. */
const keyAnnotation = "cellplane.io/service-account-key";

/** Who issues certificates and tokens. */
export type Authority = Pick<Pki, "ca" | "serviceAccountKey">;

/**
 * Writes into a store that several servers share whose it is, or makes sure that it is ours: what
 * one server issues, all must accept.
 *
 * @param folder Where our keys are, to be named in what to do.
 * @throws {ServerError} The store belongs to another authority.
 */
export async function claimAuthority(
  objects: ObjectAccess,
  { ca, serviceAccountKey }: Authority,
  folder: string,
): Promise<void> {
  const claim: KubernetesObject = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name,
      namespace: scope.namespace,
      annotations: { [keyAnnotation]: serviceAccountKey.keyId },
    },
    data: { "client-ca-file": ca },
  };
  const found = (await objects.get(scope, name)) ?? (await createOrGet(objects, claim));
  checkAuthority(found, { ca, keyId: serviceAccountKey.keyId, folder });
  await objects.update(scope, name, (current) => withClaim(current, claim));
}

/** Of several servers that start at once on an empty store one is the first. */
async function createOrGet(
  objects: ObjectAccess,
  claim: KubernetesObject,
): Promise<KubernetesObject | undefined> {
  try {
    return await objects.create(scope, claim);
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
    return objects.get(scope, name);
  }
}

function checkAuthority(
  found: KubernetesObject | undefined,
  ours: { readonly ca: string; readonly keyId: string; readonly folder: string },
): void {
  const there = fingerprintOf(dataOf(found)["client-ca-file"]);
  const here = fingerprintOf(ours.ca);
  if (there !== undefined && there !== here) {
    throw refusal(`its authority has the fingerprint ${there}, and ours ${here}`, ours.folder);
  }
  const keyId = found?.metadata.annotations?.[keyAnnotation];
  if (keyId !== undefined && keyId !== ours.keyId) {
    throw refusal(
      `its service-account tokens are signed with key ${keyId}, and ours is ${ours.keyId}`,
      ours.folder,
    );
  }
}

function refusal(why: string, folder: string): ServerError {
  return new ServerError(
    `Cannot start as the database belongs to another control plane: ${why}; copy ca.crt, ca.key and sa.key from its DATA_DIR/pki to "${folder}", since all control planes on one database must be one authority`,
  );
}

/** SHA-256, as `openssl x509 -fingerprint -sha256` shows it. */
function fingerprintOf(pem: string | undefined): string | undefined {
  if (pem === undefined) return undefined;
  try {
    return new X509Certificate(pem).fingerprint256;
  } catch {
    // What is no certificate is nobody's.
    return undefined;
  }
}

function withClaim(current: KubernetesObject, claim: KubernetesObject): KubernetesObject {
  const { annotations } = claim.metadata;
  const data = { ...dataOf(current), ...dataOf(claim) };
  const isClaimed =
    current.metadata.annotations?.[keyAnnotation] === annotations?.[keyAnnotation] &&
    dataOf(current)["client-ca-file"] === data["client-ca-file"];
  if (isClaimed) return current;
  const metadata = {
    ...current.metadata,
    annotations: { ...current.metadata.annotations, ...annotations },
  };
  return { ...current, metadata, data };
}

function dataOf(object: KubernetesObject | undefined): Readonly<Record<string, string>> {
  return (object?.["data"] ?? {}) as Readonly<Record<string, string>>;
}
