import { randomUUID } from "node:crypto";
import {
  badRequest,
  conflict,
  type FieldError,
  invalid,
  invalidObject,
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type KubernetesObject,
  notFound,
  parseGroupVersion,
} from "@cellplane/apimachinery";
import type { ServiceAccountKey } from "../pki/service-account-key.ts";
import type { HandlerRequest, ObjectHandler } from "../registry/resource.ts";
import { formatTime } from "./review-handlers.ts";
import { type ServiceAccountClaims, signServiceAccountToken } from "./service-account-token.ts";

const defaultSeconds = 3600;
const minSeconds = 600;
const maxSeconds = 2 ** 32;

/** What tokens are made with. */
export interface TokenRequestOptions {
  readonly key: ServiceAccountKey;
  readonly issuer: string;
  readonly apiAudiences: readonly string[];
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** `create` of serviceaccounts/token: makes a token for the account. */
export function createTokenRequestHandler(options: TokenRequestOptions): ObjectHandler {
  return async (request) => {
    const account = await getAccount(request);
    const spec = isJsonObject(request.object?.["spec"]) ? request.object["spec"] : {};
    const expirationSeconds = readExpiration(spec);
    const audiences = readAudiences(spec, options);
    const bound = await readBound(request, spec);
    const { name = "", namespace = "", uid = "", creationTimestamp } = account.metadata;
    const issuedAtSeconds = Math.floor(options.clock() / 1000);
    const expiresAtSeconds = issuedAtSeconds + expirationSeconds;
    const token = signServiceAccountToken(
      {
        issuer: options.issuer,
        audiences,
        claims: { namespace, serviceaccount: { name, uid }, ...bound },
        issuedAtSeconds,
        expiresAtSeconds,
        tokenId: randomUUID(),
      },
      options.key,
    );
    return {
      kind: "TokenRequest",
      apiVersion: "authentication.k8s.io/v1",
      metadata: { name, namespace, uid, ...(creationTimestamp && { creationTimestamp }) },
      spec: { audiences, expirationSeconds, boundObjectRef: spec["boundObjectRef"] ?? null },
      status: { token, expirationTimestamp: formatTime(expiresAtSeconds * 1000) },
    };
  };
}

async function getAccount({
  objects,
  namespace,
  name,
  object,
}: HandlerRequest): Promise<KubernetesObject> {
  const scope = { group: "", resource: "serviceaccounts", namespace };
  const account = await objects.get(scope, name);
  if (!account) throw notFound({ ...scope, name });
  const named = object?.metadata.name ?? "";
  if (named !== "" && named !== name) {
    throw badRequest(
      `the name of the object (${named}) does not match the name on the URL (${name})`,
    );
  }
  return account;
}

function readExpiration(spec: JsonObject): number {
  const { expirationSeconds = null } = spec;
  if (expirationSeconds === null) return defaultSeconds;
  const seconds = Number(expirationSeconds);
  const errors: FieldError[] = [];
  const complain = (detail: string): void => {
    errors.push(invalid("spec.expirationSeconds", expirationSeconds, detail));
  };
  if (seconds < minSeconds) complain("may not specify a duration less than 10 minutes");
  if (seconds > maxSeconds) complain("may not specify a duration larger than 2^32 seconds");
  if (errors.length === 0) return seconds;
  throw invalidObject({ group: "authentication.k8s.io", kind: "TokenRequest", name: "" }, errors);
}

function readAudiences(spec: JsonObject, options: TokenRequestOptions): readonly string[] {
  const { audiences } = spec;
  const named = isJsonArray(audiences) ? audiences.filter((each) => typeof each === "string") : [];
  return named.length > 0 ? named : options.apiAudiences;
}

type BoundClaims = Omit<ServiceAccountClaims, "namespace" | "serviceaccount">;

/** The claims of the object that the token is to be bound to. */
async function readBound(request: HandlerRequest, spec: JsonObject): Promise<BoundClaims> {
  const reference = spec["boundObjectRef"];
  if (!isJsonObject(reference)) return {};
  const { kind, name, uid: wantedUid } = readReference(reference);
  const object = await getBound(request, kind, name);
  const uid = object.metadata.uid ?? "";
  if (wantedUid !== "" && wantedUid !== uid) {
    throw conflict(
      { group: "", resource: kind, name },
      `the UID in the bound object reference (${wantedUid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  if (kind === "Secret") return { secret: { name, uid } };
  if (kind === "Node") return { node: { name, uid } };
  return { pod: { name, uid }, ...(await readNode(request, object)) };
}

type BindableKind = "Secret" | "Pod" | "Node";

function readReference(reference: JsonObject): {
  readonly kind: BindableKind;
  readonly name: string;
  readonly uid: string;
} {
  const text = (field: string): string => {
    const value = reference[field];
    return typeof value === "string" ? value : "";
  };
  const { group, version } = parseGroupVersion(text("apiVersion")) ?? { group: "", version: "" };
  const kind = text("kind");
  if (group !== "" || (kind !== "Secret" && kind !== "Pod" && kind !== "Node")) {
    throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`);
  }
  return { kind, name: text("name"), uid: text("uid") };
}

async function getBound(
  { objects, namespace, name: account }: HandlerRequest,
  kind: BindableKind,
  name: string,
): Promise<KubernetesObject> {
  const resource = { group: "", resource: `${kind.toLowerCase()}s` };
  const object = await objects.get(kind === "Node" ? resource : { ...resource, namespace }, name);
  if (!object) throw notFound({ ...resource, name });
  if (kind === "Pod" && podSpec(object)["serviceAccountName"] !== account) {
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
    );
  }
  return object;
}

/** The node that a pod runs on; by name only where there is no such Node. */
async function readNode(
  { objects }: HandlerRequest,
  pod: KubernetesObject,
): Promise<Pick<BoundClaims, "node">> {
  const name = podSpec(pod)["nodeName"];
  if (typeof name !== "string" || name === "") return {};
  const node = await objects.get({ group: "", resource: "nodes" }, name);
  return { node: { name, uid: node?.metadata.uid ?? "" } };
}

function podSpec(pod: KubernetesObject): JsonObject {
  return isJsonObject(pod["spec"]) ? pod["spec"] : {};
}
