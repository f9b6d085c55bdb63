import { deepEqual, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject, KubernetesObject, ObjectMeta } from "@cellplane/apimachinery";
import type { HandlerRequest } from "../registry/resource.ts";
import { createAccessReviewHandler } from "./access-review.ts";
import type { ReviewKind } from "./access-review-validation.ts";
import { alice, RbacFixture, rule } from "./rbac-fixture.suite.ts";
import { createRulesReviewHandler } from "./rules-review.ts";

async function setUp() {
  const rbac = await RbacFixture.open();
  await rbac.putRole("r", [rule({ resources: ["pods"] })]);
  await rbac.putBinding("b", "Role r", "User alice");
  const requestOf = (spec: JsonObject, metadata: ObjectMeta = {}): HandlerRequest => ({
    verb: "create",
    namespace: "ns",
    name: "",
    version: "v1",
    object: { metadata, spec },
    user: alice,
    dryRun: false,
    objects: rbac.objects,
    signal: new AbortController().signal,
  });
  const review = (
    kind: ReviewKind,
    spec: JsonObject,
    metadata: ObjectMeta = {},
  ): Promise<KubernetesObject> =>
    createAccessReviewHandler(kind, rbac.authorizer)(requestOf(spec, metadata));
  return { rbac, requestOf, review };
}

const pods = { verb: "get", resource: "pods", namespace: "ns" };
const reason = 'RBAC: allowed by RoleBinding "b/ns" of Role "r" to User "alice"';

function refusal(...texts: readonly string[]): object {
  const joined = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  return { code: 422, message: `.authorization.k8s.io "" is invalid: ${joined}` };
}

describe("createAccessReviewHandler()", () => {
  it("answers for the asking user, and echoes what was asked", async () => {
    const { review } = await setUp();
    deepEqual(await review("SelfSubjectAccessReview", { resourceAttributes: pods }), {
      kind: "SelfSubjectAccessReview",
      apiVersion: "authorization.k8s.io/v1",
      metadata: {},
      spec: { resourceAttributes: pods },
      status: { allowed: true, reason },
    });
    const denied = await review("SelfSubjectAccessReview", {
      resourceAttributes: { ...pods, verb: "delete" },
    });
    deepEqual(denied["status"], { allowed: false });
  });

  it("answers for another user, by name or by groups", async () => {
    const { review } = await setUp();
    const ask = async (subject: JsonObject): Promise<unknown> =>
      (await review("SubjectAccessReview", { ...subject, resourceAttributes: pods }))["status"];
    deepEqual(await ask({ user: "alice" }), { allowed: true, reason });
    deepEqual(await ask({ user: "bob", groups: ["x"] }), { allowed: false });
    deepEqual(await ask({ groups: ["system:masters"] }), { allowed: true });
  });

  it("answers for a path", async () => {
    const { rbac, review } = await setUp();
    await rbac.putRole("c", [{ nonResourceURLs: ["/x"], verbs: ["get"] }], "");
    await rbac.putBinding("d", "ClusterRole c", "User alice", "");
    const nonResourceAttributes = { path: "/x", verb: "get" };
    const { status } = await review("SelfSubjectAccessReview", { nonResourceAttributes });
    deepEqual(status, {
      allowed: true,
      reason: 'RBAC: allowed by ClusterRoleBinding "d" of ClusterRole "c" to User "alice"',
    });
  });

  it("keeps a local review to its namespace", async () => {
    const { review } = await setUp();
    const spec = { user: "alice", resourceAttributes: pods };
    const answer = await review("LocalSubjectAccessReview", spec);
    deepEqual(answer.metadata, { namespace: "ns" });
    const other = { ...spec, resourceAttributes: { ...pods, namespace: "other" } };
    await rejects(
      review("LocalSubjectAccessReview", other),
      refusal(
        'spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace',
      ),
    );
    await rejects(
      review("LocalSubjectAccessReview", { user: "a", nonResourceAttributes: { path: "/" } }),
      refusal(
        'spec.nonResourceAttributes: Invalid value: {"Path":"/","Verb":""}: disallowed on this kind of request',
      ),
    );
  });

  it("refuses neither, both, and nobody, in Kubernetes' words", async () => {
    const { review } = await setUp();
    await rejects(
      review("SelfSubjectAccessReview", {}),
      refusal(
        "spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified",
      ),
    );
    const both = { resourceAttributes: { verb: "get" }, nonResourceAttributes: { verb: "get" } };
    await rejects(
      review("SubjectAccessReview", both),
      refusal(
        'spec.nonResourceAttributes: Invalid value: {"Path":"","Verb":"get"}: cannot be specified in combination with resourceAttributes',
        'spec.user: Invalid value: "": at least one of user or group must be specified',
      ),
    );
    await rejects(
      review("SubjectAccessReview", { user: "a", resourceAttributes: pods }, { name: "x" }),
      refusal('metadata: Invalid value: {"name":"x"}: must be empty'),
    );
  });
});

describe("createRulesReviewHandler()", () => {
  it("lists the rules in a namespace and those of the whole cluster", async () => {
    const { rbac, requestOf } = await setUp();
    await rbac.putRole("c", [{ nonResourceURLs: ["/x"], verbs: ["get"] }], "");
    await rbac.putBinding("d", "ClusterRole c", "Group dev", "");
    const handle = createRulesReviewHandler(rbac.index);
    deepEqual(await handle(requestOf({ namespace: "ns" })), {
      kind: "SelfSubjectRulesReview",
      apiVersion: "authorization.k8s.io/v1",
      metadata: {},
      spec: {},
      status: {
        resourceRules: [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }],
        nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/x"] }],
        incomplete: false,
      },
    });
    await rejects(handle(requestOf({})), { code: 400, message: "no namespace on request" });
  });
});
