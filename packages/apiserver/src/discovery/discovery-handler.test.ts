import { deepEqual, equal, match, notEqual, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import type { HttpResponse } from "../request/http-handler.ts";
import { ask, definitionOf, registryFixture, versionOf } from "./discovery-fixture.suite.ts";
import { createDiscoveryHandler } from "./discovery-handler.ts";

const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const decode = (answer: HttpResponse): unknown => JSON.parse(answer.body.toString());

describe("createDiscoveryHandler()", () => {
  it("lists groups in Kubernetes' order with their preferred version", async () => {
    const handler = createDiscoveryHandler(registryFixture());
    deepEqual(decode(await ask(handler, "/apis/")), {
      kind: "APIGroupList",
      apiVersion: "v1",
      groups: [
        {
          name: "apps",
          versions: [{ groupVersion: "apps/v1", version: "v1" }],
          preferredVersion: { groupVersion: "apps/v1", version: "v1" },
        },
        {
          name: "ex.test",
          versions: [
            { groupVersion: "ex.test/v1", version: "v1" },
            { groupVersion: "ex.test/v1beta1", version: "v1beta1" },
          ],
          preferredVersion: { groupVersion: "ex.test/v1", version: "v1" },
        },
      ],
    });
  });

  it("lists resources with subresources and the storage version's hash", async () => {
    const handler = createDiscoveryHandler(registryFixture());
    deepEqual(decode(await ask(handler, "/api/v1")), {
      kind: "APIResourceList",
      groupVersion: "v1",
      resources: [
        {
          name: "configmaps",
          singularName: "configmap",
          namespaced: true,
          kind: "ConfigMap",
          verbs: ["create", "delete", "get", "list", "watch"],
          shortNames: ["cm"],
          storageVersionHash: "qFsyl6wFWjQ=",
        },
      ],
    });
  });

  it("answers unknown groups with text, and unknown versions of built-in groups with a Status", async () => {
    const handler = createDiscoveryHandler(registryFixture());
    equal((await ask(handler, "/apis/nope")).body, "404 page not found\n");
    equal((await ask(handler, "/apis/ex.test/v2")).body, "404 page not found\n");
    await rejects(ask(handler, "/apis/apps/v9"), { code: 404, reason: "NotFound" });
  });

  it("echoes the media type of the aggregated form, and falls back to the next one", async () => {
    const handler = createDiscoveryHandler(registryFixture());
    const answer = await ask(handler, "/apis", { accept: `${aggregated},application/json` });
    equal(answer.headers["content-type"], aggregated);
    match(answer.body.toString(), /"kind":"APIGroupDiscoveryList"/);
    const next = aggregated.replace("v=v2", "v=v9");
    const plain = await ask(handler, "/apis", { accept: `${next},application/json` });
    equal(plain.headers["content-type"], "application/json");
    await rejects(ask(handler, "/apis", { accept: next }), { code: 406 });
  });

  it("answers 304 until a resource is added", async () => {
    const registry = registryFixture();
    const handler = createDiscoveryHandler(registry);
    const etag = (await ask(handler, "/apis", { accept: aggregated })).headers["etag"] ?? "";
    const headers = { accept: aggregated, "if-none-match": etag };
    equal((await ask(handler, "/apis", headers)).status, 304);
    registry.put(
      definitionOf({
        group: "ex.test",
        resource: "bars",
        kind: "Bar",
        versions: [versionOf("v1")],
      }),
    );
    const changed = await ask(handler, "/apis", headers);
    equal(changed.status, 200);
    notEqual(changed.headers["etag"], etag);
  });

  it("prints CRDs' status before scale and their kinds in full", async () => {
    const registry = registryFixture();
    registry.put(
      definitionOf({
        group: "ex.test",
        resource: "foos",
        kind: "Foo",
        origin: "crd",
        versions: [
          versionOf("v1", {
            hasStatus: true,
            scale: { specReplicasPath: ".spec.n", statusReplicasPath: ".status.n" },
          }),
        ],
      }),
    );
    const answer = await ask(createDiscoveryHandler(registry), "/apis", { accept: aggregated });
    const own = { group: "ex.test", version: "v1", kind: "Foo" };
    const verbs = ["get", "patch", "update"];
    const text = answer.body.toString();
    const item = JSON.stringify({
      resource: "foos",
      responseKind: own,
      scope: "Namespaced",
      singularResource: "foo",
      verbs: ["create", "delete", "get", "list", "watch"],
      subresources: [
        { subresource: "status", responseKind: own, verbs },
        {
          subresource: "scale",
          responseKind: { group: "autoscaling", version: "v1", kind: "Scale" },
          verbs,
        },
      ],
    });
    equal(text.includes(item), true, text);
  });
});
