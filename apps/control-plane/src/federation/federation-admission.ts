import {
  formatGroupResource,
  forbidden,
  invalidObject,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import type {
  AdmissionPlugin,
  AdmissionRequest,
  AuthorizationAttributes,
  Authorizer,
} from "@cellplane/apiserver";
import { type Actor, kubefed } from "@cellplane/federation";
import { controllerUser } from "../kubernetes-api/kubernetes-api.ts";
import { type Case, federatedJudge, type Judge, judges, typeConfigOf } from "./admission-judges.ts";
import type { FederationLookups } from "./federation-lookups.ts";
import { isCountedCell, TenantQuotas } from "./tenant-quotas.ts";

/** Tells who writes. */
export type ActorOf = (request: AdmissionRequest) => Actor | Promise<Actor>;

/** Judges what is written to the federation's kinds, by its pure rules. */
export function createFederationAdmission(
  lookups: () => FederationLookups,
  actorOf: ActorOf,
): AdmissionPlugin {
  const judgeOf = (request: AdmissionRequest): Judge | undefined => {
    if (request.subresource !== "") return undefined;
    const known = judges[formatGroupResource(request.gvr)];
    if (known) return known;
    return request.gvr.resource.startsWith("federated") && typeConfigOf(request, lookups())
      ? federatedJudge
      : undefined;
  };
  const caseOf = async (request: AdmissionRequest): Promise<Case> => ({
    request,
    actor: await actorOf(request),
    lookups: lookups(),
  });

  const quotas = new TenantQuotas(lookups, Date.now);

  return {
    name: "Federation",
    handles: (request) => judgeOf(request) !== undefined,
    mutate: async (request) => {
      const { object } = request;
      if (!object) return { metadata: {} };
      return (await judgeOf(request)?.prepare?.(await caseOf(request), object)) ?? object;
    },
    validate: async (request) => {
      const judge = judgeOf(request);
      if (request.operation === "DELETE") {
        const { oldObject } = request;
        if (oldObject) await judgeDeletion(judge, await caseOf(request), oldObject);
        return;
      }
      const { object } = request;
      const findings = object && (await judge?.check?.(await caseOf(request), object));
      if (!object || !findings) return;
      for (const warning of findings.warnings) request.warn(warning);
      if (findings.errors.length > 0)
        throw invalidObject(namedKind(request, object), findings.errors);
      const typeConfig = judge === federatedJudge ? typeConfigOf(request, lookups()) : undefined;
      // Last, so that nothing is reserved for what is refused here.
      if (typeConfig || isCountedCell(request)) await quotas.check(request, object, typeConfig);
    },
    settle: (request, outcome) => quotas.settle(request, outcome),
  };
}

async function judgeDeletion(
  judge: Judge | undefined,
  of: Case,
  old: KubernetesObject,
): Promise<void> {
  const errors = (await judge?.checkDeletion?.(of, old)) ?? [];
  if (errors.length === 0) return;
  const { gvr, name } = of.request;
  const why = errors.map(({ field, message }) => `${field}: ${message}`).join(", ");
  throw forbidden({ group: gvr.group, resource: gvr.resource, name }, why);
}

function namedKind(
  { gvk, name }: AdmissionRequest,
  object: KubernetesObject,
): { readonly group: string; readonly kind: string; readonly name: string } {
  return {
    group: gvk.group,
    kind: gvk.kind,
    name: name === "" ? (object.metadata.name ?? "") : name,
  };
}

/** What platform administrators, and nobody else, may do: register clusters. */
export const administratorAttributes: Pick<
  AuthorizationAttributes,
  "verb" | "group" | "version" | "resource" | "namespace"
> = {
  verb: "update",
  group: "core.kubefed.io",
  version: "v1beta1",
  resource: "kubefedclusters",
  namespace: kubefed.systemNamespace,
};

/** Who writes, as the server's own authorizer tells. */
export function actorByAuthorizer(authorize: Authorizer): ActorOf {
  return ({ user }) => {
    if (user.username === controllerUser) return "controller";
    const { allowed } = authorize(user, {
      ...administratorAttributes,
      isResourceRequest: true,
      path: "",
      subresource: "",
      name: "",
    });
    return allowed ? "platformAdmin" : "user";
  };
}
