import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import { parseServiceAccountKey } from "../pki/service-account-key.ts";
import { MemoryObjectAccess } from "../registry/memory-object-access.suite.ts";
import type { TokenVerdict } from "./authenticator.ts";
import { openServiceAccountAuthenticator } from "./service-account-authenticator.ts";
import { parseJwt, signJwt, signServiceAccountToken } from "./service-account-token.ts";

const issuer = "https://kubernetes.default.svc";
const apiAudiences = [issuer];
const accounts = { group: "", resource: "serviceaccounts", namespace: "ns" };
const secrets = { group: "", resource: "secrets", namespace: "ns" };
const startMs = Date.parse("2026-11-24T00:00:00Z");
const startSeconds = startMs / 1000;

function makeKey(): ReturnType<typeof parseServiceAccountKey> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return parseServiceAccountKey(privateKey.export({ type: "pkcs8", format: "pem" }));
}

const key = makeKey();

/** An account `sa`, an authenticator with a clock to move, and a way to sign. */
async function setUp() {
  const objects = new MemoryObjectAccess();
  const clock = { nowMs: startMs };
  const account = await objects.create(accounts, { metadata: { name: "sa" } });
  const authenticator = await openServiceAccountAuthenticator({
    objects,
    keys: [key],
    issuers: [issuer],
    apiAudiences,
    clock: () => clock.nowMs,
  });
  const serviceaccount = { name: "sa", uid: account.metadata.uid ?? "" };
  const makeToken = (
    change: Partial<Parameters<typeof signServiceAccountToken>[0]> = {},
    signingKey = key,
  ): string =>
    signServiceAccountToken(
      {
        issuer,
        audiences: apiAudiences,
        claims: { namespace: "ns", serviceaccount },
        issuedAtSeconds: startSeconds,
        expiresAtSeconds: startSeconds + 3600,
        tokenId: "id-1",
        ...change,
      },
      signingKey,
    );
  const judge = async (token: string, audiences = apiAudiences): Promise<TokenVerdict> =>
    authenticator.authenticate(token, audiences);
  return { objects, clock, account, serviceaccount, makeToken, judge, authenticator };
}

const invalidated = { kind: "refused", why: "service account token has been invalidated" };

describe("openServiceAccountAuthenticator()", () => {
  it("knows a good token and gives Kubernetes' name, groups and extra", async () => {
    const { account, makeToken, judge } = await setUp();
    deepEqual(await judge(makeToken()), {
      kind: "known",
      user: {
        username: "system:serviceaccount:ns:sa",
        uid: account.metadata.uid,
        groups: ["system:serviceaccounts", "system:serviceaccounts:ns"],
        extra: { "authentication.kubernetes.io/credential-id": ["JTI=id-1"] },
      },
      audiences: apiAudiences,
    });
  });

  it("answers at once, with the same user, while a token is believed", async () => {
    const { makeToken, judge, authenticator } = await setUp();
    const token = makeToken();
    const first = await judge(token);
    const second = authenticator.authenticate(token, apiAudiences);
    ok(!(second instanceof Promise) && second.kind === "known" && first.kind === "known");
    equal(second.user, first.user);
  });

  it("refuses a token from the second at which it expires, though it was believed before", async () => {
    const { clock, makeToken, judge } = await setUp();
    const token = makeToken({ expiresAtSeconds: startSeconds + 5 });
    clock.nowMs = startMs + 4999;
    equal((await judge(token)).kind, "known");
    clock.nowMs = startMs + 5000;
    deepEqual(await judge(token), { kind: "refused", why: "service account token has expired" });
  });

  it("refuses a token that is not valid yet, but forgives a minute of another clock", async () => {
    const { clock, makeToken, judge } = await setUp();
    const token = makeToken({ issuedAtSeconds: startSeconds + 61 });
    deepEqual(await judge(token), {
      kind: "refused",
      why: "service account token is not valid yet",
    });
    clock.nowMs = startMs + 1000;
    equal((await judge(token)).kind, "known");
  });

  it("tells the audiences shared, and refuses a token for others", async () => {
    const { makeToken, judge } = await setUp();
    const token = makeToken({ audiences: ["a", "b"] });
    const verdict = await judge(token, ["b", "c"]);
    deepEqual(verdict.kind === "known" && verdict.audiences, ["b"]);
    deepEqual(await judge(token), {
      kind: "refused",
      why: `token audiences ["a" "b"] is invalid for the target audiences ["${issuer}"]`,
    });
  });

  it("refuses a token that another key signed, or whose content was changed", async () => {
    const { makeToken, judge } = await setUp();
    const refused = { kind: "refused", why: "invalid signature" };
    deepEqual(await judge(makeToken({}, makeKey())), refused);
    const [head = "", body = "", signature = ""] = makeToken().split(".");
    const payload = { ...parseJwt(`${head}.${body}.`)?.payload, exp: startSeconds + 9999 };
    const forged = Buffer.from(JSON.stringify(payload)).toString("base64url");
    deepEqual(await judge(`${head}.${forged}.${signature}`), refused);
    for (const other of ["", "AAAA", "A".repeat(86), "A".repeat(900)]) {
      deepEqual(await judge(`${head}.${body}.${other}`), refused);
    }
  });

  it("refuses a token that says it needs no signature", async () => {
    const { makeToken, judge } = await setUp();
    const body = makeToken().split(".")[1] ?? "";
    const head = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
    equal((await judge(`${head}.${body}.`)).kind, "refused");
  });

  it("does not know what is no token of its issuer", async () => {
    const { makeToken, judge } = await setUp();
    for (const token of ["", "x", "a.b.c", makeToken({ issuer: "https://other" })]) {
      deepEqual(await judge(token), { kind: "unknown" });
    }
  });

  it("refuses a signed token without an end, or that names no account", async () => {
    const { makeToken, judge } = await setUp();
    const { exp: _exp, ...endless } = parseJwt(makeToken())?.payload ?? {};
    equal((await judge(signJwt(endless, key))).kind, "refused");
    equal((await judge(signJwt({ iss: issuer, exp: startSeconds + 9 }, key))).kind, "refused");
  });

  it("refuses at once when the account is deleted, and again for one of the same name", async () => {
    const { objects, makeToken, judge } = await setUp();
    const token = makeToken();
    equal((await judge(token)).kind, "known");
    await objects.delete(accounts, "sa");
    deepEqual(await judge(token), invalidated);
    await objects.create(accounts, { metadata: { name: "sa" } });
    deepEqual(await judge(token), invalidated);
  });

  it("lets an account that is being deleted speak for a minute", async () => {
    const { objects, clock, makeToken, judge } = await setUp();
    const token = makeToken();
    await objects.update(accounts, "sa", (account) => ({
      ...account,
      metadata: { ...account.metadata, deletionTimestamp: "2026-11-24T00:00:00Z" },
    }));
    clock.nowMs = startMs + 59_999;
    equal((await judge(token)).kind, "known");
    clock.nowMs = startMs + 75_000;
    deepEqual(await judge(token), invalidated);
  });

  it("ends a bound token with its Secret within a second", async () => {
    const { objects, clock, makeToken, judge, serviceaccount } = await setUp();
    const { uid = "" } = (await objects.create(secrets, { metadata: { name: "s" } })).metadata;
    const claims = { namespace: "ns", serviceaccount, secret: { name: "s", uid } };
    const token = makeToken({ claims });
    equal((await judge(token)).kind, "known");
    await objects.delete(secrets, "s");
    clock.nowMs = startMs + 1000;
    deepEqual(await judge(token), invalidated);
  });

  it("tells pod and node of a token bound to a pod", async () => {
    const { objects, makeToken, judge, serviceaccount } = await setUp();
    const pods = { group: "", resource: "pods", namespace: "ns" };
    const pod: KubernetesObject = await objects.create(pods, {
      metadata: { name: "p", uid: "u-p" },
    });
    equal(pod.metadata.uid, "u-p");
    const claims = {
      namespace: "ns",
      serviceaccount,
      pod: { name: "p", uid: "u-p" },
      node: { name: "n", uid: "" },
    };
    const verdict = await judge(makeToken({ claims }));
    deepEqual(verdict.kind === "known" && verdict.user.extra, {
      "authentication.kubernetes.io/credential-id": ["JTI=id-1"],
      "authentication.kubernetes.io/node-name": ["n"],
      "authentication.kubernetes.io/pod-name": ["p"],
      "authentication.kubernetes.io/pod-uid": ["u-p"],
    });
  });

  it("looks again at what was not believed before a deletion came between", async () => {
    const { objects, makeToken, judge } = await setUp();
    const token = makeToken();
    const first = judge(token);
    await objects.delete(accounts, "sa");
    await first;
    deepEqual(await judge(token), invalidated);
  });

  it("makes tokens that differ", async () => {
    const { makeToken } = await setUp();
    notEqual(makeToken(), makeToken({ tokenId: "id-2" }));
  });
});
