import { deepEqual, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "@cellplane/apimachinery";
import { MemoryObjectAccess } from "../registry/memory-object-access.suite.ts";
import type { HandlerRequest } from "../registry/resource.ts";
import type { UserInfo } from "../request/user.ts";
import { createSelfSubjectReviewHandler, createTokenReviewHandler } from "./review-handlers.ts";
import { createTokenFileAuthenticator } from "./token-file.ts";

const alice: UserInfo = { username: "alice", uid: "u", groups: ["dev"], extra: { k: ["v"] } };

function requestOf(spec: JsonObject): HandlerRequest {
  return {
    verb: "create",
    namespace: "",
    name: "",
    version: "v1",
    object: { kind: "X", apiVersion: "authentication.k8s.io/v1", metadata: {}, spec },
    user: alice,
    dryRun: false,
    objects: new MemoryObjectAccess(),
    signal: new AbortController().signal,
  };
}

describe("createSelfSubjectReviewHandler()", () => {
  it("tells the asking user", async () => {
    const handle = createSelfSubjectReviewHandler(() => Date.parse("2026-11-24T01:02:03.999Z"));
    deepEqual(await handle(requestOf({})), {
      kind: "SelfSubjectReview",
      apiVersion: "authentication.k8s.io/v1",
      metadata: { creationTimestamp: "2026-11-24T01:02:03Z" },
      status: {
        userInfo: { username: "alice", uid: "u", groups: ["dev"], extra: { k: ["v"] } },
      },
    });
  });
});

describe("createTokenReviewHandler()", () => {
  const apiAudiences = ["api"];
  const authenticate = createTokenFileAuthenticator(new Map([["t", alice]]), apiAudiences);
  const handle = createTokenReviewHandler({ authenticate, apiAudiences });

  it("tells user and audiences of a good token", async () => {
    deepEqual(await handle(requestOf({ token: "t" })), {
      kind: "TokenReview",
      apiVersion: "authentication.k8s.io/v1",
      metadata: {},
      spec: { token: "t" },
      status: {
        authenticated: true,
        user: {
          username: "alice",
          uid: "u",
          groups: ["dev", "system:authenticated"],
          extra: { k: ["v"] },
        },
        audiences: ["api"],
      },
    });
  });

  it("says why a token is bad, in an answer and not in an error", async () => {
    const bad = { user: {}, error: "invalid bearer token" };
    deepEqual((await handle(requestOf({ token: "x" })))["status"], bad);
    deepEqual((await handle(requestOf({ token: "t", audiences: ["other"] })))["status"], bad);
  });

  it("refuses to review no token", async () => {
    const message = "token is required for TokenReview in authentication";
    await rejects(handle(requestOf({ token: "" })), { code: 400, message });
  });
});
