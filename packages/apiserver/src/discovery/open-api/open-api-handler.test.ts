import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import type { JsonObject } from "@cellplane/apimachinery";
import type { ResourceDefinition } from "../../registry/resource.ts";
import type { HttpHandler, HttpResponse } from "../../request/http-handler.ts";
import { ask, definitionOf, registryFixture, versionOf } from "../discovery-fixture.suite.ts";
import { createOpenApiHandler } from "./open-api-handler.ts";

const reference = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` });

const foo: JsonObject = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: { port: { "x-kubernetes-int-or-string": true }, n: { type: "integer" } },
    },
    metadata: { allOf: [reference("io.k8s.meta.ObjectMeta")], default: {} },
  },
  "x-kubernetes-group-version-kind": [{ group: "ex.test", version: "v1", kind: "Foo" }],
};

const definitions: Readonly<Record<string, JsonObject>> = {
  "test.ex.v1.Foo": foo,
  "io.k8s.meta.ObjectMeta": { type: "object", properties: { name: { type: "string" } } },
};

function fooCrd(etag: string): ResourceDefinition {
  const published = { name: "test.ex.v1.Foo", definitions };
  return definitionOf({
    group: "ex.test",
    resource: "foos",
    kind: "Foo",
    origin: "crd",
    etag,
    verbs: "delete deletecollection get list patch create update watch".split(" "),
    versions: [versionOf("v1", { openApi: () => published, hasStatus: true })],
  });
}

const decode = (answer: HttpResponse): JsonObject =>
  JSON.parse(answer.body.toString()) as JsonObject;

async function urlOf(handler: HttpHandler, key: string): Promise<string> {
  const index = decode(await ask(handler, "/openapi/v3"));
  const paths = index["paths"] as Readonly<Record<string, { readonly serverRelativeURL: string }>>;
  return paths[key]?.serverRelativeURL ?? "";
}

describe("createOpenApiHandler()", () => {
  const registry = registryFixture();
  registry.put(fooCrd("1"));
  const handler = createOpenApiHandler({
    registry,
    findDefinition: () => undefined,
    version: "v1",
  });

  it("tells in each PATCH of what server-side validation and apply need", async () => {
    const document = decode(await ask(handler, await urlOf(handler, "apis/ex.test/v1")));
    const paths = document["paths"] as Readonly<
      Record<string, Readonly<Record<string, JsonObject>>>
    >;
    const patch = paths["/apis/ex.test/v1/namespaces/{namespace}/foos/{name}"]?.["patch"];
    deepEqual(patch?.["x-kubernetes-group-version-kind"], {
      group: "ex.test",
      kind: "Foo",
      version: "v1",
    });
    equal(patch?.["x-kubernetes-action"], "patch");
    equal(patch?.["operationId"], "patchExTestV1NamespacedFoo");
    const names = ((patch?.["parameters"] ?? []) as readonly JsonObject[]).map(({ name }) => name);
    deepEqual(names, ["dryRun", "fieldManager", "fieldValidation", "force", "pretty"]);
  });

  it("offers no strategic merge patch for a custom resource", async () => {
    const document = decode(await ask(handler, await urlOf(handler, "apis/ex.test/v1")));
    const paths = document["paths"] as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    const patch = paths["/apis/ex.test/v1/namespaces/{namespace}/foos/{name}"]?.["patch"];
    const { requestBody } = patch as {
      readonly requestBody: { readonly content: Readonly<Record<string, unknown>> };
    };
    deepEqual(Object.keys(requestBody.content), [
      "application/json-patch+json",
      "application/merge-patch+json",
      "application/apply-patch+yaml",
    ]);
  });

  it("holds every schema that is referred to", async () => {
    const answer = await ask(handler, "/openapi/v3/apis/ex.test/v1");
    const document = decode(answer);
    const { schemas } = document["components"] as { readonly schemas: JsonObject };
    const targets = answer.body.toString().matchAll(/"#\/components\/schemas\/([^"]+)"/g);
    deepEqual(
      Array.from(targets, ([, name = ""]) => name).filter((name) => !schemas[name]),
      [],
    );
    ok(schemas["test.ex.v1.FooList"]);
  });

  it("may be kept for ever under its hash, which leads on from an old one", async () => {
    const url = await urlOf(handler, "apis/ex.test/v1");
    const answer = await ask(handler, url);
    equal(answer.headers["cache-control"], "public, immutable");
    equal(answer.headers["etag"], `"${new URL(url, "https://x").searchParams.get("hash")}"`);
    const stale = await ask(handler, "/openapi/v3/apis/ex.test/v1?hash=DEADBEEF");
    equal(stale.status, 301);
    equal(stale.headers["location"], url);
    equal((await ask(handler, "/openapi/v3/apis/nope/v1")).status, 404);
  });

  it("changes the hash of a changed CRD's group version and of no other", async () => {
    const keys = ["apis/ex.test/v1", "api/v1"];
    const before = await Promise.all(keys.map((key) => urlOf(handler, key)));
    registry.put(fooCrd("2"));
    const afterwards = await Promise.all(keys.map((key) => urlOf(handler, key)));
    notEqual(afterwards[0], before[0]);
    equal(afterwards[1], before[1]);
  });

  it("says in Swagger what Swagger can say", async () => {
    const answer = await ask(handler, "/openapi/v2", { "accept-encoding": "gzip" });
    equal(answer.headers["content-encoding"], "gzip");
    const document = JSON.parse(gunzipSync(answer.body).toString()) as JsonObject;
    const swagger = document["definitions"] as Readonly<Record<string, JsonObject>>;
    deepEqual(swagger["test.ex.v1.Foo"]?.["properties"], {
      spec: {
        type: "object",
        properties: { port: { "x-kubernetes-int-or-string": true }, n: { type: "integer" } },
      },
      metadata: { $ref: "#/definitions/io.k8s.meta.ObjectMeta" },
    });
    const etag = answer.headers["etag"] ?? "";
    equal((await ask(handler, "/openapi/v2", { "if-none-match": etag })).status, 304);
  });

  it("offers Swagger as protobuf under both of its names", async () => {
    for (const name of ["v2@v1.0", "v2.v1.0"]) {
      const type = `application/com.github.proto-openapi.spec.${name}+protobuf`;
      const { body, headers } = await ask(handler, "/openapi/v2", { accept: type });
      equal(headers["content-type"], "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
      // Field 1, a text: `swagger: "2.0"`.
      deepEqual(Buffer.from(body).subarray(0, 5), Buffer.from("\n\u00032.0"));
    }
    equal((await ask(handler, "/openapi/v2", { accept: "text/html" })).status, 406);
  });
});
