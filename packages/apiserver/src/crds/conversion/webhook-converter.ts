import { randomUUID } from "node:crypto";
import {
  formatGroupVersion,
  type JsonObject,
  type KubernetesObject,
  parseJson,
  StatusError,
  stringifyJson,
} from "@cellplane/apimachinery";
import type { ObjectConverter } from "../../registry/resource.ts";
import type { CrdConversion } from "../custom-resource-definition.ts";
import { checkConverted } from "./check-converted.ts";
import type { WebhookCaller } from "./webhook-client.ts";

const reviewVersions = ["v1", "v1beta1"];
const group = "apiextensions.k8s.io";

/** What a converter needs to know of its CRD. */
export interface WebhookConverterOptions {
  readonly group: string;
  readonly conversion: CrdConversion;
  readonly call: WebhookCaller;
}

/** Converts by the CRD's webhook: all objects that need it in one ConversionReview. */
export function createWebhookConverter(options: WebhookConverterOptions): ObjectConverter {
  return async (objects, toVersion, signal) => {
    const desired = formatGroupVersion({ group: options.group, version: toVersion });
    const stale = objects.filter(({ apiVersion }) => apiVersion !== desired);
    if (stale.length === 0) return objects;
    const converted = (await review(options, stale, { desired, signal })).values();
    return objects.map((object) =>
      object.apiVersion === desired ? object : (converted.next().value ?? object),
    );
  };
}

async function review(
  options: WebhookConverterOptions,
  objects: readonly KubernetesObject[],
  asked: { readonly desired: string; readonly signal: AbortSignal | undefined },
): Promise<readonly KubernetesObject[]> {
  const subject = `conversion webhook for ${describeKind(objects[0])}`;
  const version = (options.conversion.webhook?.conversionReviewVersions ?? []).find((each) =>
    reviewVersions.includes(each),
  );
  if (version === undefined) throw failure("no supported conversion review versions");
  const uid = randomUUID();
  let converted: readonly KubernetesObject[];
  try {
    const request = renderReview({ objects, desired: asked.desired, uid, version });
    const answer = await options.call(stringifyJson(request), asked.signal);
    converted = readReview(parseAnswer(answer), { uid, version });
  } catch (error) {
    throw failure(`${subject} failed: ${textOf(error)}`, error);
  }
  if (converted.length !== objects.length)
    throw failure(`${subject} returned ${converted.length} objects, expected ${objects.length}`);
  return objects.map((object, index) => {
    const outcome = checkConverted(object, converted[index], asked.desired);
    if (outcome.kind === "refused") throw failure(`${subject} returned ${outcome.problem}`);
    return outcome.object;
  });
}

function renderReview(review: {
  readonly objects: readonly KubernetesObject[];
  readonly desired: string;
  readonly uid: string;
  readonly version: string;
}): JsonObject {
  return {
    kind: "ConversionReview",
    apiVersion: `${group}/${review.version}`,
    request: {
      uid: review.uid,
      desiredAPIVersion: review.desired,
      objects: review.objects.map(withoutResourceVersion),
    },
    response: { uid: "", convertedObjects: null, result: { metadata: {} } },
  };
}

function withoutResourceVersion(object: KubernetesObject): JsonObject {
  const { resourceVersion: _known, ...metadata } = object.metadata;
  return { ...object, metadata } as unknown as JsonObject;
}

interface ReviewAnswer {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly response?: {
    readonly uid?: string;
    readonly convertedObjects?: readonly KubernetesObject[] | null;
    readonly result?: { readonly status?: string; readonly message?: string };
  };
}

function parseAnswer(text: string): ReviewAnswer {
  return parseJson(text) as unknown as ReviewAnswer;
}

function readReview(
  answer: ReviewAnswer,
  expected: { readonly uid: string; readonly version: string },
): readonly KubernetesObject[] {
  const { response } = answer;
  if (expected.version === "v1") {
    const got = describeKind(answer);
    const wanted = `${group}/v1, Kind=ConversionReview`;
    if (got !== wanted) throw new Error(`expected webhook response of ${wanted}, got ${got}`);
  }
  if (!response) throw new Error("no response provided");
  const { uid = "", result } = response;
  if (expected.version === "v1" && uid !== expected.uid)
    throw new Error(
      `expected response.uid=${JSON.stringify(expected.uid)}, got ${JSON.stringify(uid)}`,
    );
  if (result?.status !== "Success")
    throw new Error(
      result?.message || `response.result.status was '${result?.status ?? ""}', not 'Success'`,
    );
  return response.convertedObjects ?? [];
}

/** `ex.test/v1, Kind=Foo`, as Go prints a kind. */
function describeKind(object: ReviewAnswer | KubernetesObject | undefined): string {
  return `${object?.apiVersion ?? ""}, Kind=${object?.kind ?? ""}`;
}

function failure(message: string, cause?: unknown): StatusError {
  return new StatusError("", message, { cause });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
