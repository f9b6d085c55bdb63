import { isJsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import type { Logger, ObjectAccess } from "@cellplane/apiserver";
import { annotations, isClusterReady, kubefed, type KubeFedCluster } from "@cellplane/federation";
import { GrpcError } from "@cellplane/grpc";
import { type Envelope, sealCredential, sealedCredential, type SecretData } from "@cellplane/kms";
import type { MemberToken, TakeToken } from "@cellplane/tunnel";
import type { RefusalListener } from "./authenticate-agent.ts";
import type { ClusterDirectory } from "./cluster-directory.ts";

/** Where tokens go. */
export interface TokenTakerDependencies {
  readonly objects: ObjectAccess;
  readonly directory: Pick<ClusterDirectory, "takesCredential">;
  /** Seals them; without it they are stored as tokens of `join` are. */
  readonly seal?: Envelope;
  readonly logger: Logger;
  readonly onRefuse: RefusalListener;
}

const namespace = kubefed.systemNamespace;
const secrets = { group: "", resource: "secrets", namespace };
const clusters = { group: "core.kubefed.io", resource: "kubefedclusters", namespace };

// Several agents of one cluster bring one each: a token is replaced only where that gains something.
const gainMs = 15 * 60_000;

/** Puts what agents bring into their cluster's Secret, and its authority into the KubeFedCluster. */
export function createTokenTaker(deps: TokenTakerDependencies): TakeToken {
  const { objects, directory, logger } = deps;
  return async (cluster, token) => {
    const object = (await objects.get(clusters, cluster)) as KubeFedCluster | undefined;
    if (!object || !directory.takesCredential(cluster)) {
      const why = `cluster "${cluster}" takes no credential from its agents: join it with --no-member-access`;
      deps.onRefuse(cluster, why);
      throw new GrpcError("PERMISSION_DENIED", why);
    }
    await setAuthority(objects, cluster, token.ca);
    const { name } = object.spec.secretRef;
    // Where it is not Ready, the present token may be none: the account may have been made anew.
    if (isClusterReady(object) && !(await isWorthwhile(objects, name, token))) return;
    await store(objects, await renderSecret(deps, { cluster, name }, token));
    logger.info({ cluster, until: token.endsAt }, "token of the agent stored");
  };
}

async function setAuthority(
  objects: ObjectAccess,
  cluster: string,
  ca: string | undefined,
): Promise<void> {
  const caBundle = ca === undefined ? undefined : encode(ca);
  await objects.update(clusters, cluster, (current) => {
    const { spec } = current as KubeFedCluster;
    if (caBundle === undefined || spec.caBundle === caBundle) return current;
    return { ...current, spec: { ...spec, caBundle } };
  });
}

async function isWorthwhile(
  objects: ObjectAccess,
  name: string,
  { endsAt }: MemberToken,
): Promise<boolean> {
  const secret = await objects.get(secrets, name);
  const known = Date.parse(secret?.metadata.annotations?.[annotations.tokenEnds] ?? "");
  return Number.isNaN(known) || Date.parse(endsAt) - known > gainMs;
}

async function renderSecret(
  { seal }: TokenTakerDependencies,
  { cluster, name }: { readonly cluster: string; readonly name: string },
  { token, ca, endsAt }: MemberToken,
): Promise<KubernetesObject> {
  const data: SecretData = {
    token: encode(token),
    ...(ca === undefined ? {} : { "ca.crt": encode(ca) }),
  };
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name,
      namespace,
      labels: { "app.kubernetes.io/managed-by": "cellplane" },
      annotations: { [annotations.tokenEnds]: endsAt },
    },
    type: seal ? sealedCredential.type : "Opaque",
    data: seal ? await sealCredential(seal, data, { namespace, name, cluster }) : data,
  };
}

async function store(objects: ObjectAccess, secret: KubernetesObject): Promise<void> {
  const { name = "" } = secret.metadata;
  const current = await objects.get(secrets, name);
  if (current?.["type"] === secret["type"]) {
    await objects.update(secrets, name, (before) => ({
      ...before,
      metadata: {
        ...before.metadata,
        annotations: { ...before.metadata.annotations, ...secret.metadata.annotations },
      },
      data: isJsonObject(secret["data"]) ? secret["data"] : {},
    }));
    return;
  }
  // A Secret's type never changes: it was stored before there was a key to seal with.
  if (current) await objects.delete(secrets, name);
  await objects.create(secrets, secret);
}

function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}
