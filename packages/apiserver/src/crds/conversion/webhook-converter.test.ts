import { deepEqual, equal, rejects } from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import { issueCertificate } from "@cellplane/x509";
import type { ObjectConverter } from "../../registry/resource.ts";
import { createWebhookCaller } from "./webhook-client.ts";
import { createWebhookConverter } from "./webhook-converter.ts";

interface Review {
  readonly request: { readonly uid: string; readonly objects: readonly KubernetesObject[] };
}

/** What the webhook makes of a review. */
type Behaviour = (review: Review) => { readonly status?: number; readonly response?: JsonObject };

const dayMs = 86_400_000;
const certificate = issueCertificate({
  usage: "server",
  commonName: "webhook",
  hosts: ["127.0.0.1"],
  notBeforeMs: Date.now() - dayMs,
  notAfterMs: Date.now() + dayMs,
});

const foo: KubernetesObject = {
  apiVersion: "ex.test/v1",
  kind: "Foo",
  metadata: { name: "a", namespace: "n", uid: "u", resourceVersion: "7", labels: { l: "1" } },
  spec: { host: "h" },
};

const succeed = (review: Review, objects: readonly unknown[]): ReturnType<Behaviour> => ({
  response: {
    uid: review.request.uid,
    result: { status: "Success" },
    convertedObjects: objects as readonly JsonObject[],
  },
});

describe("createWebhookConverter()", () => {
  const seen: { readonly url: string; readonly review: Review }[] = [];
  let behave: Behaviour = () => ({});
  let server: Server;
  let convert: ObjectConverter;

  before(async () => {
    server = createServer(
      { key: certificate.key, cert: certificate.certificate },
      (request, answer) => {
        void text(request).then((body) => {
          const review = JSON.parse(body) as Review;
          seen.push({ url: request.url ?? "", review });
          const { status = 200, response } = behave(review);
          answer.writeHead(status);
          answer.end(
            response &&
              JSON.stringify({
                apiVersion: "apiextensions.k8s.io/v1",
                kind: "ConversionReview",
                response,
              }),
          );
        });
      },
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const clientConfig = {
      url: `https://127.0.0.1:${port}/convert`,
      caBundle: Buffer.from(certificate.certificate).toString("base64"),
    };
    convert = createWebhookConverter({
      group: "ex.test",
      conversion: {
        strategy: "Webhook",
        webhook: { clientConfig, conversionReviewVersions: ["v1"] },
      },
      call: createWebhookCaller(clientConfig),
    });
  });

  after(() => {
    server.closeAllConnections();
    server.close();
  });

  it("sends what needs it in one review, without resourceVersion, and restores metadata", async () => {
    behave = (review) =>
      succeed(
        review,
        review.request.objects.map((object) => ({
          ...object,
          apiVersion: "ex.test/v2",
          metadata: { ...object.metadata, labels: { l: "2" }, generation: 99 },
          spec: { addr: "h" },
        })),
      );
    const current = { ...foo, apiVersion: "ex.test/v2" };
    seen.length = 0;
    deepEqual(await convert([foo, current], "v2"), [
      {
        ...foo,
        apiVersion: "ex.test/v2",
        metadata: { ...foo.metadata, labels: { l: "2" } },
        spec: { addr: "h" },
      },
      current,
    ]);
    equal(seen.length, 1);
    equal(seen[0]?.url, "/convert?timeout=30s");
    equal(seen[0]?.review.request.objects.length, 1);
    equal(seen[0]?.review.request.objects[0]?.metadata.resourceVersion, undefined);
  });

  it("asks nothing where nothing needs it", async () => {
    seen.length = 0;
    deepEqual(await convert([foo], "v1"), [foo]);
    equal(seen.length, 0);
  });

  const subject = "conversion webhook for ex.test/v1, Kind=Foo";
  const refusals: readonly (readonly [string, Behaviour, string | RegExp])[] = [
    [
      "its message",
      ({ request }) => ({
        response: { uid: request.uid, result: { status: "Failed", message: "cannot today" } },
      }),
      `${subject} failed: cannot today`,
    ],
    [
      "a missing object",
      (review) => succeed(review, []),
      `${subject} returned 0 objects, expected 1`,
    ],
    [
      "another version",
      (review) => succeed(review, [{ ...foo, apiVersion: "ex.test/v9" }]),
      `${subject} returned invalid object at index 0: invalid groupVersion (expected ex.test/v2, received ex.test/v9)`,
    ],
    [
      "another name",
      (review) =>
        succeed(review, [{ ...foo, apiVersion: "ex.test/v2", metadata: { name: "zzz" } }]),
      `${subject} returned invalid object: must have the same name: a != zzz`,
    ],
    [
      "an HTTP failure",
      () => ({ status: 500 }),
      `${subject} failed: an error on the server ("unknown") has prevented the request from succeeding`,
    ],
    [
      "another uid",
      () => ({ response: { uid: "x", result: { status: "Success" } } }),
      /failed: expected response\.uid="[0-9a-f-]+", got "x"$/,
    ],
  ];
  for (const [what, behaviour, message] of refusals) {
    it(`fails with 500 and no reason for ${what}`, async () => {
      behave = behaviour;
      await rejects(convert([foo], "v2"), { code: 500, reason: "", message });
    });
  }
});
