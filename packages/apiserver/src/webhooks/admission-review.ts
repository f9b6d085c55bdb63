import { randomUUID } from "node:crypto";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type KubernetesObject,
  parseJson,
  StatusError,
  type StatusReason,
  stringifyJson,
} from "@cellplane/apimachinery";
import type { AdmissionRequest } from "../admission/admission.ts";
import type { Webhook } from "./webhook-configuration.ts";

/** What a webhook answered. */
export interface WebhookVerdict {
  readonly allowed: boolean;
  readonly status: JsonObject | undefined;
  /** Decoded from base64. */
  readonly patch: JsonValue | undefined;
  readonly warnings: readonly string[];
}

/** What is asked: the request, and the objects in the version that the webhook wants. */
export interface ReviewInput {
  readonly request: AdmissionRequest;
  readonly version: string;
  readonly object: KubernetesObject | undefined;
  readonly oldObject: KubernetesObject | undefined;
}

/** The webhook could not be asked, or answered nonsense: its failure policy decides what follows. */
export class WebhookFailure extends Error {
  override readonly name: string = "WebhookFailure";
}

/** Asks a webhook. @throws {WebhookFailure} */
export async function reviewByWebhook(
  webhook: Webhook,
  input: ReviewInput,
  signal: AbortSignal,
): Promise<WebhookVerdict> {
  const uid = randomUUID();
  const apiVersion = `admission.k8s.io/${webhook.reviewVersion}`;
  const review = { kind: "AdmissionReview", apiVersion, request: describeRequest(uid, input) };
  let text: string;
  try {
    text = await webhook.call(stringifyJson(review), signal);
  } catch (error) {
    signal.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    throw new WebhookFailure(`failed to call webhook: ${why}`, { cause: error });
  }
  return readVerdict(text, { uid, apiVersion });
}

function describeRequest(
  uid: string,
  { request, version, object, oldObject }: ReviewInput,
): JsonObject {
  const { gvk, gvr, subresource, user, options } = request;
  const part = subresource === "" ? {} : { subResource: subresource };
  return {
    uid,
    kind: { ...gvk, version },
    resource: { ...gvr, version },
    ...part,
    requestKind: { ...gvk },
    requestResource: { ...gvr },
    ...(subresource === "" ? {} : { requestSubResource: subresource }),
    ...(request.name === "" ? {} : { name: request.name }),
    ...(request.namespace === "" ? {} : { namespace: request.namespace }),
    operation: request.operation,
    userInfo: {
      username: user.username,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      groups: user.groups,
      ...(user.extra === undefined ? {} : { extra: user.extra }),
    },
    object: (object ?? null) as JsonValue,
    oldObject: (oldObject ?? null) as JsonValue,
    dryRun: request.dryRun,
    options: (options ?? null) as JsonValue,
  };
}

function readVerdict(
  text: string,
  asked: { readonly uid: string; readonly apiVersion: string },
): WebhookVerdict {
  const review = parseAnswer(text);
  const { response } = review;
  const kind = textOf(review["kind"]);
  const apiVersion = textOf(review["apiVersion"]);
  if (kind !== "AdmissionReview" || apiVersion !== asked.apiVersion) {
    const shown = `${apiVersion === "" ? "/" : apiVersion}, Kind=${kind}`;
    throw invalidAnswer(
      `expected webhook response of ${asked.apiVersion}, Kind=AdmissionReview, got ${shown}`,
    );
  }
  if (!isJsonObject(response)) throw new WebhookFailure("webhook response was absent");
  const { uid = "" } = response;
  if (uid !== asked.uid) {
    throw invalidAnswer(
      `expected response.uid=${JSON.stringify(asked.uid)}, got ${JSON.stringify(uid)}`,
    );
  }
  const { status, warnings } = response;
  return {
    allowed: response["allowed"] === true,
    status: isJsonObject(status) ? status : undefined,
    patch: readPatch(response),
    warnings: Array.isArray(warnings) ? warnings.map(String) : [],
  };
}

function parseAnswer(text: string): JsonObject {
  try {
    const value = parseJson(text);
    if (isJsonObject(value)) return value;
  } catch (error) {
    throw new WebhookFailure(
      `failed to call webhook: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  throw new WebhookFailure("failed to call webhook: the answer is not an object");
}

function readPatch({ patch, patchType }: JsonObject): JsonValue | undefined {
  if (typeof patch !== "string" || patch === "") return undefined;
  if (patchType === undefined || patchType === null) {
    throw invalidAnswer("webhook returned response.patch but not response.patchType");
  }
  if (patchType !== "JSONPatch") {
    throw invalidAnswer(
      `webhook returned invalid response.patchType of ${JSON.stringify(patchType)}`,
    );
  }
  try {
    return parseJson(Buffer.from(patch, "base64").toString());
  } catch (error) {
    throw new WebhookFailure("Cannot read response.patch as JSON", { cause: error });
  }
}

function invalidAnswer(why: string): WebhookFailure {
  return new WebhookFailure(`received invalid webhook response: ${why}`);
}

/** The refusal that a webhook's denial becomes, as Kubernetes words it. */
export function denialOf(name: string, status: JsonObject | undefined): StatusError {
  const { code, reason, message, details } = status ?? {};
  const why = textOf(message) || textOf(reason);
  const denied = `admission webhook ${JSON.stringify(name)} denied the request`;
  return new StatusError(
    textOf(reason) as StatusReason | "",
    why === "" ? `${denied} without explanation` : `${denied}: ${why}`,
    {
      code: typeof code === "number" && code >= 400 ? code : 400,
      ...(isJsonObject(details) ? { details } : {}),
    },
  );
}

/** The refusal where a webhook could not be asked and its policy is Fail. */
export function failureOf(name: string, failure: WebhookFailure): StatusError {
  const message = `failed calling webhook ${JSON.stringify(name)}: ${failure.message}`;
  return new StatusError("InternalError", `Internal error occurred: ${message}`, {
    details: { causes: [{ message }] },
    cause: failure,
  });
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}
