import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it, type TestContext } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import { parseServiceAccountKey } from "../pki/service-account-key.ts";
import { MemoryObjectAccess } from "../registry/memory-object-access.suite.ts";
import { openServiceAccountAuthenticator } from "./service-account-authenticator.ts";
import { runTokenSecretController } from "./token-secret-controller.ts";

const accounts = { group: "", resource: "serviceaccounts", namespace: "ns" };
const secrets = { group: "", resource: "secrets", namespace: "ns" };
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = parseServiceAccountKey(privateKey.export({ type: "pkcs8", format: "pem" }));
const silent = () => undefined;
const logger = { debug: silent, info: silent, warn: silent, error: silent };

function tokenSecret(name: string, account: string): KubernetesObject {
  return {
    type: "kubernetes.io/service-account-token",
    metadata: { name, annotations: { "kubernetes.io/service-account.name": account } },
  };
}

/** A controller that runs until the test ends, and a way to await what it does to a Secret. */
async function setUp(test: TestContext) {
  const objects = new MemoryObjectAccess();
  const stop = new AbortController();
  const running = runTokenSecretController({ objects, key, ca: "CA", logger }, stop.signal);
  test.after(async () => {
    stop.abort();
    await running;
  });
  const until = async (
    name: string,
    holds: (secret: KubernetesObject | undefined) => boolean,
  ): Promise<KubernetesObject | undefined> => {
    const changed = Promise.withResolvers<void>();
    const check = async (): Promise<void> => {
      if (holds(await objects.get(secrets, name))) changed.resolve();
    };
    const onPut = (): void => void check();
    using _watch = await objects.watch(secrets, { onPut, onDelete: onPut });
    await check();
    await changed.promise;
    return objects.get(secrets, name);
  };
  return { objects, until };
}

const isFilled = (secret: KubernetesObject | undefined): boolean => secret?.["data"] !== undefined;

describe("runTokenSecretController()", { timeout: 5000 }, () => {
  it("fills a Secret with a token that is good while it stands there", async (test) => {
    const { objects, until } = await setUp(test);
    const account = await objects.create(accounts, { metadata: { name: "sa" } });
    await objects.create(secrets, tokenSecret("s", "sa"));
    const secret = await until("s", isFilled);
    const data = secret?.["data"] as Readonly<Record<string, string>>;
    const [ca, namespace, token = ""] = ["ca.crt", "namespace", "token"].map((name) =>
      Buffer.from(data[name] ?? "", "base64").toString(),
    );
    deepEqual([ca, namespace], ["CA", "ns"]);
    equal(
      secret?.metadata.annotations?.["kubernetes.io/service-account.uid"],
      account.metadata.uid,
    );
    using authenticator = await openServiceAccountAuthenticator({
      objects,
      keys: [key],
      issuers: [],
      apiAudiences: ["api"],
      clock: () => nowMs,
    });
    let nowMs = Date.now();
    const judge = async () => authenticator.authenticate(token, ["api"]);
    const verdict = await judge();
    ok(verdict.kind === "known" && verdict.user.username === "system:serviceaccount:ns:sa");
    await objects.delete(secrets, "s");
    nowMs += 1000;
    equal((await judge()).kind, "refused");
  });

  it("deletes a Secret whose account is missing, or was deleted", async (test) => {
    const { objects, until } = await setUp(test);
    await objects.create(secrets, tokenSecret("orphan", "none"));
    await until("orphan", (secret) => secret === undefined);
    await objects.create(accounts, { metadata: { name: "sa" } });
    await objects.create(secrets, tokenSecret("s", "sa"));
    await until("s", isFilled);
    await objects.delete(accounts, "sa");
    await until("s", (secret) => secret === undefined);
    equal(await objects.get(secrets, "s"), undefined);
  });

  it("says that the store cannot be watched, and still ends when told to", async () => {
    const objects = new MemoryObjectAccess();
    const failures: string[] = [];
    objects.watch = () => Promise.reject(new Error("store is down"));
    const stop = new AbortController();
    const failed = Promise.withResolvers<void>();
    const warn = (_fields: object, message: string): void => {
      failures.push(message);
      failed.resolve();
    };
    const options = { objects, key, ca: "CA", logger: { ...logger, warn } };
    const running = runTokenSecretController(options, stop.signal);
    await failed.promise;
    stop.abort();
    await running;
    deepEqual(failures, ["Cannot follow the token secrets"]);
  });

  it("restores a token that was taken out, and leaves other Secrets alone", async (test) => {
    const { objects, until } = await setUp(test);
    await objects.create(accounts, { metadata: { name: "sa" } });
    const other = await objects.create(secrets, { type: "Opaque", metadata: { name: "o" } });
    await objects.create(secrets, tokenSecret("s", "sa"));
    await until("s", isFilled);
    await objects.update(secrets, "s", (secret) => ({ ...secret, data: { mine: "eA==" } }));
    const filled = await until("s", (secret) => "token" in ((secret?.["data"] ?? {}) as object));
    const data = filled?.["data"] as Readonly<Record<string, string>>;
    equal(data["mine"], "eA==");
    notEqual(data["token"], "");
    equal(await objects.get(secrets, "o"), other);
  });
});
