import {
  badRequest,
  type JsonValue,
  type KubernetesObject,
  runJsonPatch,
  decodeJsonPatch,
  StatusError,
} from "@cellplane/apimachinery";
import type { AdmissionPlugin, AdmissionRequest } from "../admission/admission.ts";
import type { ObjectAccess } from "../registry/object-access.ts";
import { convertObject } from "../registry/convert-object.ts";
import type { ResourceRegistry } from "../registry/resource-registry.ts";
import {
  denialOf,
  failureOf,
  reviewByWebhook,
  WebhookFailure,
  type WebhookVerdict,
} from "./admission-review.ts";
import { isExempt, isSelected, matchingVersion } from "./match-webhook.ts";
import { compileWebhooks, type Webhook } from "./webhook-configuration.ts";

/** What webhook admission stands on. */
export interface WebhookAdmissionDependencies {
  readonly objects: ObjectAccess;
  readonly registry: ResourceRegistry;
}

/** The two plug-ins, which follow the configurations in the server until disposed. */
export interface WebhookAdmission extends Disposable {
  readonly mutating: AdmissionPlugin;
  readonly validating: AdmissionPlugin;
}

const group = "admissionregistration.k8s.io";

/**
 * Asks the webhooks that Mutating- and ValidatingWebhookConfigurations name: the mutating ones one
 * after the other by configuration name and place, the validating ones all at once.
 */
export async function openWebhookAdmission(
  deps: WebhookAdmissionDependencies,
): Promise<WebhookAdmission> {
  const [mutating, validating] = await Promise.all([
    followConfigurations(deps.objects, "mutatingwebhookconfigurations"),
    followConfigurations(deps.objects, "validatingwebhookconfigurations"),
  ]);
  const asks =
    (webhooks: Followed) =>
    (request: AdmissionRequest): boolean =>
      webhooks.inOrder().length > 0 && !isExempt(request);
  return {
    mutating: {
      name: "MutatingAdmissionWebhook",
      handles: asks(mutating),
      mutate: (request, signal) => mutateAll(mutating.inOrder(), request, deps, signal),
    },
    validating: {
      name: "ValidatingAdmissionWebhook",
      handles: asks(validating),
      validate: async (request, signal) => {
        const outcomes = await Promise.allSettled(
          validating.inOrder().map((webhook) => validate(webhook, request, deps, signal)),
        );
        const refused = outcomes.find((each) => each.status === "rejected");
        if (refused) throw refused.reason;
      },
    },
    [Symbol.dispose]: () => {
      mutating[Symbol.dispose]();
      validating[Symbol.dispose]();
    },
  };
}

interface Followed extends Disposable {
  inOrder(): readonly Webhook[];
}

async function followConfigurations(objects: ObjectAccess, resource: string): Promise<Followed> {
  const byName = new Map<string, readonly Webhook[]>();
  let ordered: readonly Webhook[] = [];
  const order = (): void => {
    const names = Array.from(byName.keys()).sort();
    ordered = names.flatMap((name) => byName.get(name) ?? []);
  };
  const watch = await objects.watch(
    { group, resource },
    {
      onPut: (configuration) => {
        byName.set(configuration.metadata.name ?? "", compileWebhooks(configuration));
        order();
      },
      onDelete: ({ metadata }) => {
        byName.delete(metadata.name ?? "");
        order();
      },
    },
  );
  return { inOrder: () => ordered, [Symbol.dispose]: () => watch[Symbol.dispose]() };
}

async function mutateAll(
  webhooks: readonly Webhook[],
  request: AdmissionRequest,
  deps: WebhookAdmissionDependencies,
  signal: AbortSignal,
): Promise<KubernetesObject> {
  let { object } = request;
  const again: Webhook[] = [];
  for (const webhook of webhooks) {
    const before = object;
    object = await mutateOnce(webhook, { ...request, ...objectOf(object) }, deps, signal);
    if (object === before) continue;
    // Those that came before and ask for it are shown what changed after them, once.
    const earlier = webhooks.slice(0, webhooks.indexOf(webhook));
    for (const each of earlier) {
      if (each.reinvocation === "IfNeeded" && !again.includes(each)) again.push(each);
    }
  }
  for (const webhook of again) {
    object = await mutateOnce(webhook, { ...request, ...objectOf(object) }, deps, signal);
  }
  // A deletion has no object; nobody reads what is answered then.
  return object ?? ({} as KubernetesObject);
}

function objectOf(object: KubernetesObject | undefined): Pick<AdmissionRequest, "object"> {
  return object === undefined ? {} : { object };
}

async function mutateOnce(
  webhook: Webhook,
  request: AdmissionRequest,
  deps: WebhookAdmissionDependencies,
  signal: AbortSignal,
): Promise<KubernetesObject | undefined> {
  const answer = await ask(webhook, request, deps, signal);
  if (!answer) return request.object;
  const { verdict, version } = answer;
  if (!verdict.allowed) throw denialOf(webhook.name, verdict.status);
  if (verdict.patch === undefined) return request.object;
  const { object } = answer;
  if (!object) {
    const failure = "attempted to modify the object, which is not supported for this operation";
    throw new StatusError("InternalError", `Internal error occurred: ${failure}`, {
      details: { causes: [{ message: failure }] },
    });
  }
  const patched = applyPatch(webhook, object, verdict.patch);
  if (version === request.gvr.version) return patched;
  const definition = deps.registry.findResource(request.gvr.group, request.gvr.resource);
  return definition
    ? convertObject(definition, patched, { version: request.gvr.version, signal })
    : request.object;
}

function applyPatch(
  webhook: Webhook,
  object: KubernetesObject,
  patch: JsonValue,
): KubernetesObject {
  const outcome = runJsonPatch(object as unknown as JsonValue, decodeJsonPatch(patch));
  if (outcome.kind === "failed") {
    const failure = new WebhookFailure(`the patch does not apply: ${outcome.message}`);
    throw failureOf(webhook.name, failure);
  }
  return outcome.document as unknown as KubernetesObject;
}

async function validate(
  webhook: Webhook,
  request: AdmissionRequest,
  deps: WebhookAdmissionDependencies,
  signal: AbortSignal,
): Promise<void> {
  const answer = await ask(webhook, request, deps, signal);
  if (!answer) return;
  const { allowed, status, patch } = answer.verdict;
  if (allowed && patch !== undefined) {
    const why =
      "received invalid webhook response: validating webhook may not return response.patch";
    throw failureOf(webhook.name, new WebhookFailure(why));
  }
  if (!allowed) throw denialOf(webhook.name, status);
}

interface Answer {
  readonly verdict: WebhookVerdict;
  readonly version: string;
  readonly object: KubernetesObject | undefined;
}

/** Asks one webhook, where it is concerned; nothing where it is not, or failed and may be ignored. */
async function ask(
  webhook: Webhook,
  request: AdmissionRequest,
  deps: WebhookAdmissionDependencies,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  const { gvr } = request;
  const definition = deps.registry.findResource(gvr.group, gvr.resource);
  const others = (definition?.versions ?? [])
    .filter(({ served, version }) => served && version !== gvr.version)
    .map(({ version }) => version);
  const version = matchingVersion(webhook, request, others);
  if (version === undefined) return undefined;
  if (!isSelected(webhook, request, await namespaceLabels(request, deps.objects))) return undefined;
  if (request.dryRun && !webhook.allowsDryRun) {
    throw badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`);
  }
  const of = (object: KubernetesObject | undefined): Promise<KubernetesObject | undefined> =>
    object === undefined || definition === undefined || version === gvr.version
      ? Promise.resolve(object)
      : convertObject(definition, object, { version, signal });
  try {
    if (webhook.hasConditions) throw new WebhookFailure(noConditions);
    const [object, oldObject] = await Promise.all([of(request.object), of(request.oldObject)]);
    const verdict = await reviewByWebhook(webhook, { request, version, object, oldObject }, signal);
    for (const warning of verdict.warnings) request.warn(warning);
    return { verdict, version, object };
  } catch (error) {
    if (!(error instanceof WebhookFailure)) throw error;
    if (webhook.failurePolicy === "Ignore") return undefined;
    throw failureOf(webhook.name, error);
  }
}

const noConditions = "its matchConditions cannot be evaluated, as this server has no CEL";

/** Labels of the namespace that a request is in, or of the Namespace that it is about. */
async function namespaceLabels(
  { gvr, namespace, object, oldObject }: AdmissionRequest,
  objects: ObjectAccess,
): Promise<Readonly<Record<string, string>> | undefined> {
  if (gvr.group === "" && gvr.resource === "namespaces") {
    return (object ?? oldObject)?.metadata.labels ?? {};
  }
  if (namespace === "") return undefined;
  const found = await objects.get({ group: "", resource: "namespaces" }, namespace);
  return found?.metadata.labels ?? {};
}
