import { text } from "node:stream/consumers";
import type { Readable } from "node:stream";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import { startTlsServer, TestAuthority } from "../../../client/src/node/tls-fixture.suite.ts";

/** The part of an AdmissionReview's request that tests look at. */
export interface ReviewedRequest extends Readonly<Record<string, unknown>> {
  readonly uid: string;
  readonly operation: string;
  readonly name?: string;
  readonly userInfo: { readonly username: string };
  readonly object: KubernetesObject | null;
}

/** What a webhook answers to a review; `raw` in place of a review. */
export type WebhookAnswer = JsonObject | { readonly raw: string; readonly status: number };

/** An admission webhook over HTTPS, written for a test. */
export interface WebhookServer extends AsyncDisposable {
  /** `clientConfig` of the webhook at a path. */
  clientConfig(path: string): JsonObject;
  /** Reviews received so far. */
  readonly seen: ReviewedRequest[];
}

/** Starts a webhook that answers as `judge` says. */
export async function startWebhookServer(
  judge: (path: string, request: ReviewedRequest) => WebhookAnswer,
): Promise<WebhookServer> {
  const authority = new TestAuthority();
  const seen: ReviewedRequest[] = [];
  const server = await startTlsServer(
    "http/1.1",
    authority.issue({ usage: "server" }),
    (request, response) => {
      void text(request as unknown as Readable).then((body) => {
        const review = JSON.parse(body) as { readonly request: ReviewedRequest };
        seen.push(review.request);
        const path = new URL(request.url ?? "", "https://x").pathname;
        const answer = judge(path, review.request);
        if ("raw" in answer) {
          response.writeHead(Number(answer["status"]));
          response.end(JSON.stringify(answer["raw"]).slice(1, -1));
          return;
        }
        response.writeHead(200, { "content-type": "application/json" });
        response.end(
          JSON.stringify({
            apiVersion: "admission.k8s.io/v1",
            kind: "AdmissionReview",
            response: { uid: review.request.uid, allowed: true, ...answer },
          }),
        );
      });
    },
  );
  return {
    clientConfig: (path) => ({
      url: `${server.url}${path}`,
      caBundle: Buffer.from(authority.ca).toString("base64"),
    }),
    seen,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** The answer that patches. */
export function patchAnswer(...operations: readonly JsonObject[]): JsonObject {
  const patch = Buffer.from(JSON.stringify(operations)).toString("base64");
  return { patch, patchType: "JSONPatch" };
}

/** A configuration with one webhook for ConfigMaps. */
export function configMapWebhook(
  kind: "Mutating" | "Validating",
  name: string,
  clientConfig: JsonObject,
  more: JsonObject = {},
): KubernetesObject {
  const webhook = {
    name: `${name}.example.com`,
    clientConfig,
    rules: [
      {
        apiGroups: [""],
        apiVersions: ["v1"],
        resources: ["configmaps"],
        operations: ["CREATE", "UPDATE", "DELETE"],
      },
    ],
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    ...more,
  };
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: `${kind}WebhookConfiguration`,
    metadata: { name },
    webhooks: [webhook],
  };
}
