import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import { asking, askingPath } from "../authz/rbac-fixture.suite.ts";
import { parseServiceAccountKey } from "../pki/service-account-key.ts";
import { MemoryObjectAccess } from "../registry/memory-object-access.suite.ts";
import type { UserInfo } from "../request/user.ts";
import { createAccessControl } from "./access-control.ts";
import { parseTokenFile } from "./token-file.ts";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const options = {
  tokenUsers: parseTokenFile('t,admin,1,"system:masters"\nb,bob,2', "tokens"),
  serviceAccountKey: parseServiceAccountKey(privateKey.export({ type: "pkcs8", format: "pem" })),
  issuer: "https://kubernetes.default.svc",
  externalUrl: "https://127.0.0.1:6443",
  allowAnonymous: true,
  clock: Date.now,
};

async function setUp() {
  const objects = new MemoryObjectAccess();
  const access = createAccessControl(options);
  const identify = async (token: string): Promise<UserInfo> => {
    const user = await access.authenticator({ token });
    if (!user) throw new Error("Cannot happen: the union always tells a user");
    return user;
  };
  const create = (path: string, name: string, spec: JsonObject): Promise<KubernetesObject> => {
    const handle = access.handlers[path];
    if (!handle) throw new Error(`Cannot find a handler of ${path}`);
    return handle({
      verb: "create",
      namespace: "ns",
      name,
      version: "v1",
      object: { metadata: {}, spec },
      user: { username: "admin", groups: [] },
      dryRun: false,
      objects,
      signal: new AbortController().signal,
    });
  };
  return { objects, access, identify, create };
}

describe("createAccessControl()", () => {
  it("knows masters before the store was read, and rights of others after", async () => {
    const { objects, access, identify } = await setUp();
    const [admin, bob] = [await identify("t"), await identify("b")];
    equal(access.authorizer(admin, asking()).allowed, true);
    equal(access.authorizer(bob, askingPath("/version")).allowed, false);
    await access.start(objects);
    equal(access.authorizer(bob, askingPath("/version")).allowed, true);
    access[Symbol.dispose]();
  });

  it("knows the tokens that it makes, and reviews them", async () => {
    const { objects, access, identify, create } = await setUp();
    const accounts = { group: "", resource: "serviceaccounts", namespace: "ns" };
    await objects.create(accounts, { metadata: { name: "sa" } });
    const made = await create("/serviceaccounts/token", "sa", {});
    const { token } = made["status"] as { readonly token: string };
    await rejects(identify(token), { code: 401 });
    await access.start(objects);
    deepEqual((await identify(token)).groups, [
      "system:serviceaccounts",
      "system:serviceaccounts:ns",
      "system:authenticated",
    ]);
    const review = await create("authentication.k8s.io/tokenreviews", "", { token });
    equal((review["status"] as JsonObject)["authenticated"], true);
    access[Symbol.dispose]();
  });

  it("has a handler for each review of the API", async () => {
    const { access } = await setUp();
    deepEqual(Object.keys(access.handlers).sort(), [
      "/serviceaccounts/token",
      "authentication.k8s.io/selfsubjectreviews",
      "authentication.k8s.io/tokenreviews",
      "authorization.k8s.io/localsubjectaccessreviews",
      "authorization.k8s.io/selfsubjectaccessreviews",
      "authorization.k8s.io/selfsubjectrulesreviews",
      "authorization.k8s.io/subjectaccessreviews",
    ]);
  });

  it("answers 401 to a token of nobody", async () => {
    const { access } = await setUp();
    throws(() => access.authenticator({ token: "x" }), { code: 401 });
  });
});
