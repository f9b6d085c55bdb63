import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import { parseServiceAccountKey } from "../pki/service-account-key.ts";
import { MemoryObjectAccess } from "../registry/memory-object-access.suite.ts";
import { parseJwt, verifyJwt } from "./service-account-token.ts";
import { createTokenRequestHandler } from "./token-request.ts";

const issuer = "https://kubernetes.default.svc";
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = parseServiceAccountKey(privateKey.export({ type: "pkcs8", format: "pem" }));
const nowMs = Date.parse("2026-11-24T00:00:00.900Z");

async function setUp() {
  const objects = new MemoryObjectAccess();
  const scope = (resource: string) => ({ group: "", resource, namespace: "ns" });
  await objects.create(scope("serviceaccounts"), { metadata: { name: "sa", uid: "u-sa" } });
  await objects.create(scope("secrets"), { metadata: { name: "s", uid: "u-s" } });
  const pod = (name: string, spec: JsonObject): Promise<KubernetesObject> =>
    objects.create(scope("pods"), { metadata: { name, uid: `u-${name}` }, spec });
  await pod("mine", { serviceAccountName: "sa", nodeName: "n" });
  await pod("other", { serviceAccountName: "x" });
  const handle = createTokenRequestHandler({
    key,
    issuer,
    apiAudiences: [issuer],
    clock: () => nowMs,
  });
  const ask = (spec: JsonObject, name = "sa"): Promise<KubernetesObject> =>
    handle({
      verb: "create",
      namespace: "ns",
      name,
      version: "v1",
      object: { kind: "TokenRequest", apiVersion: "authentication.k8s.io/v1", metadata: {}, spec },
      user: { username: "admin", groups: [] },
      dryRun: false,
      objects,
      signal: new AbortController().signal,
    });
  return { ask };
}

function payloadOf(answer: KubernetesObject): JsonObject {
  const { token } = answer["status"] as { readonly token: string };
  const jwt = parseJwt(token);
  ok(jwt && verifyJwt(jwt, [key]));
  equal(jwt.header["kid"], key.keyId);
  return jwt.payload;
}

describe("createTokenRequestHandler()", () => {
  it("makes a token for an hour, with Kubernetes' claims", async () => {
    const { ask } = await setUp();
    const answer = await ask({});
    const { jti, ...payload } = payloadOf(answer);
    equal(typeof jti, "string");
    const iat = Math.floor(nowMs / 1000);
    deepEqual(payload, {
      aud: [issuer],
      exp: iat + 3600,
      iat,
      nbf: iat,
      iss: issuer,
      sub: "system:serviceaccount:ns:sa",
      "kubernetes.io": { namespace: "ns", serviceaccount: { name: "sa", uid: "u-sa" } },
    });
    deepEqual(answer["spec"], {
      audiences: [issuer],
      expirationSeconds: 3600,
      boundObjectRef: null,
    });
    equal((answer["status"] as JsonObject)["expirationTimestamp"], "2026-11-24T01:00:00Z");
    deepEqual(answer.metadata, {
      name: "sa",
      namespace: "ns",
      uid: "u-sa",
      creationTimestamp: "2026-11-24T00:00:00Z",
    });
  });

  it("takes audiences and time from the request", async () => {
    const { ask } = await setUp();
    const payload = payloadOf(await ask({ audiences: ["a"], expirationSeconds: 600 }));
    deepEqual(payload["aud"], ["a"]);
    equal(Number(payload["exp"]) - Number(payload["iat"]), 600);
  });

  it("binds to a Secret, and to a pod with its node", async () => {
    const { ask } = await setUp();
    const reference = { apiVersion: "v1", kind: "Secret", name: "s", uid: "u-s" };
    const answer = await ask({ boundObjectRef: reference });
    deepEqual((answer["spec"] as JsonObject)["boundObjectRef"], reference);
    const claims = (payload: JsonObject): JsonObject => payload["kubernetes.io"] as JsonObject;
    deepEqual(claims(payloadOf(answer))["secret"], { name: "s", uid: "u-s" });
    const bound = { apiVersion: "v1", kind: "Pod", name: "mine" };
    const { pod, node } = claims(payloadOf(await ask({ boundObjectRef: bound })));
    deepEqual(
      [pod, node],
      [
        { name: "mine", uid: "u-mine" },
        { name: "n", uid: "" },
      ],
    );
  });

  for (const [what, spec, error] of [
    [
      "less than ten minutes",
      { expirationSeconds: 599 },
      {
        code: 422,
        message:
          'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
      },
    ],
    [
      "more than 2^32 seconds",
      { expirationSeconds: 4294967297 },
      {
        code: 422,
        message:
          'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
      },
    ],
    [
      "a missing Secret",
      { boundObjectRef: { apiVersion: "v1", kind: "Secret", name: "no" } },
      { code: 404, message: 'secrets "no" not found' },
    ],
    [
      "another kind",
      { boundObjectRef: { apiVersion: "apps/v1", kind: "Deployment", name: "x" } },
      { code: 400, message: "cannot bind token to object of type apps/v1, Kind=Deployment" },
    ],
    [
      "another uid",
      { boundObjectRef: { apiVersion: "v1", kind: "Secret", name: "s", uid: "z" } },
      {
        code: 409,
        message:
          'Operation cannot be fulfilled on Secret "s": the UID in the bound object reference (z) does not match the UID in record. The object might have been deleted and then recreated',
      },
    ],
    [
      "a pod of another account",
      { boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "other" } },
      {
        code: 400,
        message:
          'cannot bind token for serviceaccount "sa" to pod running with different serviceaccount name.',
      },
    ],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const { ask } = await setUp();
      await rejects(ask(spec), error);
    });
  }

  it("refuses a missing account", async () => {
    const { ask } = await setUp();
    await rejects(ask({}, "no"), { code: 404, message: 'serviceaccounts "no" not found' });
  });
});
