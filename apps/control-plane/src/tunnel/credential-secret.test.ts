import { deepEqual, equal, rejects } from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { isStatus } from "@cellplane/apimachinery";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import { openKubernetesApi } from "../kubernetes-api/kubernetes-api.ts";
import { createCredentialSecret } from "./credential-secret.ts";
import { takesToken } from "./member-account.ts";

const none = (): void => undefined;
const logger = { debug: none, info: none, warn: none, error: none };
const place = { namespace: "default", name: "cellplane-agent" };
const encode = (text: string): string => Buffer.from(text).toString("base64");

describe("createCredentialSecret()", () => {
  it("reads and replaces the certificate and its key, and nothing else", async () => {
    await using opened = new AsyncDisposableStack();
    const dataDir = await mkdtemp(join(tmpdir(), "cellplane-secret-"));
    opened.defer(() => rm(dataDir, { recursive: true, force: true }));
    const api = opened.use(
      await openKubernetesApi({
        dataDir,
        listen: { host: "127.0.0.1", port: 0 },
        datastore: "memory",
        logLevel: "error",
        logger,
        name: "member",
        version: "1.2.3",
        extension: {},
      }),
    );
    const { connection } = await loadKubeconfig({ file: api.kubeconfig });
    const client = opened.use(connectRestClient(connection, { userAgent: "test" }));
    const secrets = { group: "", version: "v1", resource: "secrets", namespace: "default" };
    const secret = createCredentialSecret(connection, place);
    await rejects(secret.readCertificate(), (error) => isStatus(error, "NotFound"));
    await client.create(secrets, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: place.name },
      type: "kubernetes.io/tls",
      data: { "ca.crt": encode("ca"), "tls.crt": encode("old"), "tls.key": encode("key") },
    });
    equal(await secret.readCertificate(), "old");
    await secret.write({ cert: "new", key: "new key" });
    equal(await secret.readCertificate(), "new");
    const { data } = await client.get(secrets, place.name);
    deepEqual(data, {
      "ca.crt": encode("ca"),
      "tls.crt": encode("new"),
      "tls.key": encode("new key"),
    });
    // Here as the server is: not by the certificate of the kubeconfig, which would be let in.
    equal(await takesToken(connection, "no-such-token"), false);
  });
});
