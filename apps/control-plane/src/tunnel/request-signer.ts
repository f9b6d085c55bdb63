import { isJsonObject, type JsonValue, type KubernetesObject } from "@cellplane/apimachinery";
import { type Logger, type ObjectAccess, signClientCertificate } from "@cellplane/apiserver";
import {
  agentCommonNamePrefix,
  agentOrganization,
  clusterOfAgent,
  isClusterName,
} from "@cellplane/tunnel";
import { readSigningRequest, SigningRequestError } from "@cellplane/x509";
import type { KeyObject } from "node:crypto";

/** The signer of agents' certificates, by which requests name it. */
export const agentSignerName = "cellplane.io/tunnel-agent";

/** How long an agent's certificate is valid; agents renew it after two thirds. */
export const agentCertificateLifeMs: number = 30 * 24 * 3_600_000;

const requests = { group: "certificates.k8s.io", resource: "certificatesigningrequests" } as const;

/** Certifies keys of agents. */
export interface AgentSigner {
  readonly sign: (agent: {
    readonly name: string;
    readonly publicKey: KeyObject;
  }) => Promise<string>;
}

/** Signs with the authority of a folder. */
export function createAgentSigner(pkiDir: string): AgentSigner {
  return {
    sign: async ({ name, publicKey }) => {
      const { certificate } = await signClientCertificate(pkiDir, {
        user: name,
        groups: [agentOrganization],
        publicKey,
        nowMs: Date.now(),
        lifeMs: agentCertificateLifeMs,
      });
      return certificate;
    },
  };
}

/** Signs CertificateSigningRequests for agents once somebody who may has approved them. */
export async function signRequests(
  objects: ObjectAccess,
  signer: AgentSigner,
  logger: Logger,
): Promise<Disposable> {
  const look = (object: KubernetesObject): void => {
    const work = signOne(objects, signer, object);
    work?.catch((err: unknown) => {
      logger.warn({ err, request: object.metadata.name }, "certificate request not signed");
    });
  };
  return objects.watch(requests, { onPut: look, onDelete: () => undefined });
}

function signOne(
  objects: ObjectAccess,
  signer: AgentSigner,
  object: KubernetesObject,
): Promise<unknown> | undefined {
  const { name = "" } = object.metadata;
  const spec = isJsonObject(object["spec"]) ? object["spec"] : {};
  const status = isJsonObject(object["status"]) ? object["status"] : {};
  if (spec["signerName"] !== agentSignerName || status["certificate"] !== undefined)
    return undefined;
  const conditions = Array.isArray(status["conditions"])
    ? status["conditions"].filter(isJsonObject)
    : [];
  const isOf = (type: string): boolean => conditions.some((each) => each["type"] === type);
  if (!isOf("Approved") || isOf("Denied") || isOf("Failed")) return undefined;
  const verdict = judge(typeof spec["request"] === "string" ? spec["request"] : "");
  return settle(objects, name, async () =>
    typeof verdict === "string"
      ? { conditions: [...conditions, failed(verdict)] }
      : { certificate: encode(await signer.sign(verdict)) },
  );
}

async function settle(
  objects: ObjectAccess,
  name: string,
  outcome: () => Promise<{ readonly [key: string]: JsonValue }>,
): Promise<void> {
  const more = await outcome();
  await objects.update(
    requests,
    name,
    (current) => ({
      ...current,
      status: { ...(isJsonObject(current["status"]) ? current["status"] : {}), ...more },
    }),
    "status",
  );
}

/** Whose key is to be certified, or why not. */
function judge(request: string): { readonly name: string; readonly publicKey: KeyObject } | string {
  try {
    const pem = Buffer.from(request, "base64").toString("latin1");
    const { commonName: name, organizations, publicKey } = readSigningRequest(pem);
    if (!name.startsWith(agentCommonNamePrefix) || !isClusterName(clusterOfAgent(name))) {
      return `the common name must be ${agentCommonNamePrefix}CLUSTER: it is "${name}"`;
    }
    if (organizations.length !== 1 || organizations[0] !== agentOrganization) {
      return `the organization must be ${agentOrganization}`;
    }
    return { name, publicKey };
  } catch (error) {
    if (error instanceof SigningRequestError) return error.message;
    throw error;
  }
}

function failed(message: string): { readonly [key: string]: string } {
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  return {
    type: "Failed",
    status: "True",
    reason: "SignerValidationFailure",
    message,
    lastUpdateTime: now,
  };
}

function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}
