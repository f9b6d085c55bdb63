import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import { createAnnotationPolicy, ignoredAnnotations, matchesGlob } from "./annotation-policy.ts";
import { copyField, parseFieldPath, pathsMeet, removeField } from "./field-path.ts";
import { covers, ownedContent, retainFields, type RetentionRules } from "./retain-fields.ts";

describe("retainFields()", () => {
  const rules = (kind: string, change: Partial<RetentionRules> = {}): RetentionRules => ({
    kind,
    retainReplicas: false,
    retainedFields: [],
    policy: createAnnotationPolicy(["lb.io/*"]),
    ...change,
  });
  const object = (
    spec: JsonObject,
    metadata: KubernetesObject["metadata"] = {},
  ): KubernetesObject => ({
    metadata: { name: "x", ...metadata },
    spec,
  });
  const retain = (
    mine: JsonObject,
    live: JsonObject,
    of: RetentionRules,
    overridden: readonly string[] = [],
  ) => retainFields({ object: object(mine), overridden }, object(live), of)["spec"];

  it("keeps a Service's addresses, and node ports matched after defaulting", () => {
    const live = {
      clusterIP: "10.0.0.1",
      clusterIPs: ["10.0.0.1"],
      healthCheckNodePort: 31000,
      ports: [
        { name: "http", protocol: "TCP", port: 80, nodePort: 30080 },
        { name: "dns", protocol: "UDP", port: 53, nodePort: 30053 },
      ],
    };
    const mine = {
      ports: [
        { name: "http", port: 80, nodePort: 1 },
        { name: "dns", port: 53 },
      ],
    };
    deepEqual(retain(mine, live, rules("Service")), {
      clusterIP: "10.0.0.1",
      clusterIPs: ["10.0.0.1"],
      healthCheckNodePort: 31000,
      ports: [
        { name: "http", port: 80, nodePort: 30080 },
        { name: "dns", port: 53 },
      ],
    });
    const headless = { clusterIP: "", clusterIPs: [], healthCheckNodePort: 0, ports: [] };
    deepEqual(retain({ ports: [] }, headless, rules("Service")), { ports: [] });
  });

  it("keeps replicas where members own them, unless an override sets them", () => {
    const own = rules("Deployment", { retainReplicas: true });
    deepEqual(retain({ replicas: 1 }, { replicas: 5 }, own), { replicas: 5 });
    deepEqual(retain({ replicas: 1 }, {}, own), { replicas: 1 });
    deepEqual(retain({ replicas: 1 }, { replicas: 5 }, own, ["/spec/replicas"]), { replicas: 1 });
    deepEqual(retain({ replicas: 1 }, { replicas: 5 }, rules("Deployment")), { replicas: 1 });
  });

  it("keeps a ServiceAccount's secrets where the template has none", () => {
    const live = { metadata: {}, secrets: [{ name: "t" }] };
    const bare = { metadata: { name: "x" } };
    const sa = rules("ServiceAccount");
    deepEqual(retainFields({ object: bare, overridden: [] }, live, sa)["secrets"], [{ name: "t" }]);
    const mine = { ...bare, secrets: [{ name: "m" }] };
    deepEqual(retainFields({ object: mine, overridden: [] }, live, sa)["secrets"], [{ name: "m" }]);
  });

  it("keeps fields that the type names, in every item of a list by its name", () => {
    const own = rules("X", { retainedFields: ["/spec/hooks/*/caBundle", "/spec/claim"] });
    const live = {
      claim: { a: 1 },
      hooks: [
        { name: "b", caBundle: "B" },
        { name: "a", caBundle: "A" },
      ],
    };
    deepEqual(retain({ hooks: [{ name: "a" }, { name: "b" }, { name: "c" }] }, live, own), {
      claim: { a: 1 },
      hooks: [{ name: "a", caBundle: "A" }, { name: "b", caBundle: "B" }, { name: "c" }],
    });
  });

  it("leaves annotations that are status as they are, and owns those that are spec", () => {
    const live = object(
      {},
      {
        annotations: { "lb.io/old": "1", theirs: "1" },
        resourceVersion: "7",
        uid: "u",
        finalizers: ["f"],
        labels: { gone: "1" },
      },
    );
    const mine = object({}, { annotations: { "lb.io/new": "2" }, labels: { app: "x" } });
    const { metadata } = retainFields(
      { object: mine, overridden: [] },
      { ...live, status: { a: 1 } },
      rules("X"),
    );
    deepEqual(metadata, {
      name: "x",
      labels: { app: "x" },
      annotations: { theirs: "1", "lb.io/new": "2" },
      resourceVersion: "7",
      uid: "u",
      finalizers: ["f"],
    });
  });

  it("never touches status", () => {
    const live = { ...object({}), status: { a: 1 } };
    deepEqual(retainFields({ object: object({}), overridden: [] }, live, rules("X"))["status"], {
      a: 1,
    });
  });
});

describe("ownedContent()", () => {
  const of = (live: KubernetesObject, kind = "Service"): JsonObject =>
    ownedContent(live, {
      kind,
      retainReplicas: true,
      retainedFields: ["/spec/mine"],
      policy: (key) => key === "p",
    });

  it("is blind to what members' controllers write", () => {
    const base = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "x" },
      spec: { ports: [{ port: 1 }] },
    };
    const changed = {
      ...base,
      apiVersion: "v2",
      status: { a: 1 },
      metadata: {
        name: "x",
        resourceVersion: "9",
        annotations: { theirs: "1" },
        managedFields: [],
      },
      spec: { clusterIP: "1", mine: 2, ports: [{ port: 1, nodePort: 3 }] },
    };
    deepEqual(of(changed), of(base));
  });

  it("sees everything else", () => {
    const base = { metadata: { labels: { a: "1" }, annotations: { p: "1" } }, spec: { x: 1 } };
    const changes = [
      { ...base, metadata: { ...base.metadata, labels: {} } },
      { ...base, metadata: { ...base.metadata, annotations: {} } },
      { ...base, spec: { x: 2 } },
      { ...base, data: {} },
    ];
    for (const changed of changes) ok(JSON.stringify(of(changed)) !== JSON.stringify(of(base)));
  });
});

describe("covers()", () => {
  const wanted = { metadata: { labels: { a: "1" } }, spec: { list: [{ x: 1 }] } };

  it("allows what a member adds by default, and nothing that differs", () => {
    ok(
      covers(
        { metadata: { labels: { a: "1" } }, spec: { list: [{ x: 1, y: 2 }], more: 1 } },
        wanted,
      ),
    );
    ok(!covers({ metadata: { labels: { a: "1", b: "2" } }, spec: { list: [{ x: 1 }] } }, wanted));
    ok(!covers({ metadata: { labels: { a: "1" } }, spec: { list: [{ x: 1 }, {}] } }, wanted));
    ok(!covers({ metadata: { labels: { a: "1" } }, spec: { list: [{ x: 2 }] } }, wanted));
  });
});

describe("annotation policy", () => {
  it("matches globs", () => {
    const cases: readonly (readonly [string, string, boolean])[] = [
      ["a*c", "abbc", true],
      ["a*c", "ac", true],
      ["a*c", "ab", false],
      ["a?c", "abc", true],
      ["a?c", "ac", false],
      ["*", "", true],
      ["**a**", "xay", true],
      ["service.beta.kubernetes.io/*", "service.beta.kubernetes.io/aws", true],
      ["", "a", false],
      ["*a*a*a*a*b", "a".repeat(2000), false],
    ];
    for (const [glob, text, expected] of cases) equal(matchesGlob(glob, text), expected, glob);
  });

  it("never lets a template set our own, and names what it ignores", () => {
    const policy = createAnnotationPolicy(["*"]);
    ok(!policy("federation.cellplane.io/source"));
    const template = { metadata: { annotations: { a: "1", "federation.cellplane.io/hash": "x" } } };
    deepEqual(ignoredAnnotations(template, policy), ["federation.cellplane.io/hash"]);
    deepEqual(ignoredAnnotations(template, createAnnotationPolicy(undefined)).length, 2);
  });
});

describe("field paths", () => {
  it("unescape, meet, copy and remove", () => {
    deepEqual(parseFieldPath("/a~1b/~0c"), ["a/b", "~c"]);
    ok(pathsMeet(["a"], ["a", "b"]) && pathsMeet(["a", "b"], ["a"]) && !pathsMeet(["a"], ["b"]));
    deepEqual(removeField({ a: [{ b: 1, c: 2 }] }, ["a", "*", "b"]), { a: [{ c: 2 }] });
    deepEqual(removeField({ a: 1 }, ["b", "c"]), { a: 1 });
    deepEqual(copyField({}, { a: { b: 1 } }, ["a", "b"]), { a: { b: 1 } });
    deepEqual(copyField({ a: 1 }, {}, ["a"]), { a: 1 });
  });
});
