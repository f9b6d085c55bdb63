import { deepEqual, equal, match } from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { JsonObject } from "@cellplane/apimachinery";
import { openMemoryStore } from "@cellplane/kv";
import { openAuditLog } from "../audit/audit-log.ts";
import { type AccessControl, createAccessControl } from "../authn/access-control.ts";
import { parseTokenFile } from "../authn/token-file.ts";
import { builtinResourceDefinitions } from "../kinds/builtin-resources.ts";
import { ensurePki, issueClientCertificate, type Pki } from "../pki/ensure-pki.ts";
import { createResourceRegistry } from "../registry/create-resource-registry.ts";
import { type ApiServer, createApiServer, openApiServerCore } from "./create-api-server.ts";

const silent = (): void => undefined;
const logger = { debug: silent, info: silent, warn: silent, error: silent };
const cleanUp = new AsyncDisposableStack();
let folder = "";
let pki: Pki;
let access: AccessControl;
let server: ApiServer;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "access-"));
  cleanUp.defer(() => rm(folder, { recursive: true }));
  pki = await ensurePki(join(folder, "pki"), { hosts: [], nowMs: Date.now() });
  access = cleanUp.use(
    createAccessControl({
      tokenUsers: parseTokenFile('t,admin,1,"system:masters"\nb,bob,2', "tokens"),
      serviceAccountKey: pki.serviceAccountKey,
      issuer: "https://kubernetes.default.svc",
      externalUrl: "https://127.0.0.1:6443",
      allowAnonymous: true,
      clock: Date.now,
    }),
  );
  const registry = createResourceRegistry(
    builtinResourceDefinitions({ handlers: access.handlers }),
  );
  const store = cleanUp.use(await openMemoryStore());
  const audit = cleanUp.use(await openAuditLog(join(folder, "audit.log"), { logger }));
  const core = await openApiServerCore({ store, registry, logger, nowMs: Date.now });
  await access.start(core.objects);
  server = await createApiServer(
    {
      store,
      registry,
      authenticate: access.authenticator,
      authorize: access.authorizer,
      impersonate: access.impersonate,
      admission: [access.escalationPlugin],
      handlers: [access.issuerDocuments],
      tls: { cert: pki.server.certificate, key: pki.server.key, clientCa: pki.ca },
      listen: { host: "127.0.0.1", port: 0 },
      audit,
      logger,
      nowMs: Date.now,
    },
    core,
  );
  cleanUp.defer(() => server.close());
});
after(() => cleanUp.disposeAsync());

interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly body?: JsonObject;
}

function ask(path: string, options: Ask = {}): Promise<{ status: number; body: JsonObject }> {
  const { method = "GET", headers = {}, tls, body } = options;
  const answered = Promise.withResolvers<{ status: number; body: JsonObject }>();
  const text = body === undefined ? "" : JSON.stringify(body);
  const all = { ...headers, ...(text !== "" && { "content-type": "application/json" }) };
  const { port } = server;
  request(
    { host: "127.0.0.1", port, path, method, headers: all, ca: pki.ca, agent: false, ...tls },
    (response) => answered.resolve(readAnswer(response)),
  )
    .on("error", answered.reject)
    .end(text);
  return answered.promise;
}

async function readAnswer(response: IncomingMessage) {
  const parts = await Array.fromAsync(response as AsyncIterable<Buffer>);
  const body = JSON.parse(Buffer.concat(parts).toString()) as JsonObject;
  return { status: response.statusCode ?? 0, body };
}

async function whoAmI(options: Ask): Promise<JsonObject> {
  const { status, body } = await ask("/apis/authentication.k8s.io/v1/selfsubjectreviews", {
    ...options,
    method: "POST",
    body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
  });
  if (status !== 201) return body;
  return (body["status"] as { readonly userInfo: JsonObject }).userInfo;
}

describe("a server with access control", () => {
  it("knows the administrator by certificate", async () => {
    const { certificate: cert, key } = pki.admin;
    const user = await whoAmI({ tls: { cert, key } });
    equal(user["username"], "kubernetes-admin");
    deepEqual(user["groups"], ["system:masters", "system:authenticated"]);
  });

  it("takes a user's rights from CN and O of another certificate", async () => {
    const client = await issueClientCertificate(join(folder, "pki"), {
      user: "carol",
      groups: ["dev"],
      nowMs: Date.now(),
    });
    const tls = { cert: client.certificate, key: client.key };
    deepEqual((await whoAmI({ tls }))["groups"], ["dev", "system:authenticated"]);
    const { status, body } = await ask("/api/v1/configmaps", { tls });
    equal(status, 403);
    equal(
      body["message"],
      'configmaps is forbidden: User "carol" cannot list resource "configmaps" in API group "" at the cluster scope',
    );
  });

  it("answers 401 to a certificate of another authority, but hears a token beside it", async () => {
    const other = await ensurePki(join(folder, "other"), { hosts: [], nowMs: Date.now() });
    const tls = { cert: other.admin.certificate, key: other.admin.key };
    equal((await ask("/api/v1/namespaces", { tls })).status, 401);
    const headers = { authorization: "Bearer b" };
    equal((await whoAmI({ tls, headers }))["username"], "bob");
  });

  it("answers 401 to a certificate whose time is over", async () => {
    const past = { user: "carol", groups: [], nowMs: Date.now() - 7_200_000, lifeMs: 3_600_000 };
    const client = await issueClientCertificate(join(folder, "pki"), past);
    const tls = { cert: client.certificate, key: client.key };
    equal((await ask("/api/v1/namespaces", { tls })).status, 401);
  });

  it("lets a master act as another, and holds that one to its rights", async () => {
    const headers = { authorization: "Bearer t", "impersonate-user": "carol" };
    const { status, body } = await ask("/api/v1/secrets", { headers });
    equal(status, 403);
    match(body["message"] as string, /^secrets is forbidden: User "carol" cannot list/);
  });

  it("serves the issuer's keys to service accounts only", async () => {
    equal((await ask("/openid/v1/jwks")).status, 403);
    const headers = {
      authorization: "Bearer t",
      "impersonate-user": "system:serviceaccount:default:vault",
    };
    const { status, body } = await ask("/openid/v1/jwks", { headers });
    equal(status, 200);
    equal((body["keys"] as readonly object[]).length, 1);
  });

  it("gives a right as soon as the binding was written, and takes it as fast", async () => {
    const headers = { authorization: "Bearer t" };
    const path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    const asBob = { headers: { authorization: "Bearer b" } };
    equal((await ask("/api/v1/secrets", asBob)).status, 403);
    const body = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "bob" },
      roleRef: {
        apiGroup: "rbac.authorization.k8s.io",
        kind: "ClusterRole",
        name: "cluster-admin",
      },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "bob" }],
    };
    equal((await ask(path, { method: "POST", headers, body })).status, 201);
    equal((await ask("/api/v1/secrets", asBob)).status, 200);
    equal((await ask(`${path}/bob`, { method: "DELETE", headers })).status, 200);
    equal((await ask("/api/v1/secrets", asBob)).status, 403);
  });

  it("tells both users of an impersonated request in the audit log, and no token", async () => {
    const headers = { authorization: "Bearer t", "impersonate-user": "dave" };
    await ask("/api/v1/nodes?audit-me", { headers });
    const isEnd = (line: string): boolean =>
      line.includes("audit-me") && line.includes("ResponseComplete");
    let line: string | undefined;
    while (line === undefined) {
      const text = await readFile(join(folder, "audit.log"), "utf8");
      equal(text.includes("Bearer"), false);
      line = text.split("\n").find(isEnd);
    }
    const event = JSON.parse(line) as JsonObject;
    equal((event["user"] as JsonObject)["username"], "admin");
    equal((event["impersonatedUser"] as JsonObject)["username"], "dave");
    equal((event["responseStatus"] as JsonObject)["code"], 403);
  });
});
