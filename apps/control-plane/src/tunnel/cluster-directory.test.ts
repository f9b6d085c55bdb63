import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ObjectAccess, ObjectListener } from "@cellplane/apiserver";
import { annotations } from "@cellplane/federation";
import { agentOrganization, type Credentials } from "@cellplane/tunnel";
import { authenticateUnrevoked } from "./authenticate-agent.ts";
import { ClusterDirectory, upstreamOf } from "./cluster-directory.ts";
import { agentCertificateLifeMs } from "./request-signer.ts";

const createdAtMs = Date.parse("2026-01-01T00:00:00Z");

function cluster(
  given: {
    readonly endpoint?: string;
    readonly connection?: string;
    readonly revoked?: number;
  } = {},
): KubernetesObject {
  const { endpoint = "https://10.0.0.1:6443", connection = "Tunnel", revoked } = given;
  return {
    apiVersion: "core.kubefed.io/v1beta1",
    kind: "KubeFedCluster",
    metadata: {
      name: "hz-a",
      creationTimestamp: new Date(createdAtMs).toISOString(),
      ...(revoked === undefined
        ? {}
        : { annotations: { [annotations.agentsRevoked]: new Date(revoked).toISOString() } }),
    },
    spec: { apiEndpoint: endpoint, connection, secretRef: { name: "x" } },
  };
}

/** A directory, what tells it, and what it told. */
async function open(): Promise<{
  readonly directory: ClusterDirectory;
  readonly listener: ObjectListener;
  readonly changed: string[];
}> {
  const changed: string[] = [];
  const directory = new ClusterDirectory((name) => changed.push(name));
  const watching = Promise.withResolvers<ObjectListener>();
  const objects: Pick<ObjectAccess, "watch"> = {
    watch: async (_, given) => {
      watching.resolve(given);
      return { [Symbol.dispose]: () => undefined };
    },
  };
  await directory.open(objects as ObjectAccess);
  const listener = await watching.promise;
  listener.onPut(cluster(), undefined);
  return { directory, listener, changed };
}

describe("ClusterDirectory", () => {
  it("tells when a cluster is reached otherwise: another endpoint, directly, or not at all", async () => {
    const { directory, listener, changed } = await open();
    listener.onPut(cluster(), undefined);
    deepEqual(changed, []);
    listener.onPut(cluster({ endpoint: "10.0.0.2" }), undefined);
    equal(directory.routeOf("hz-a")?.upstream, "10.0.0.2:443");
    listener.onPut(cluster({ connection: "Direct" }), undefined);
    equal(directory.routeOf("hz-a"), undefined);
    listener.onPut(cluster(), undefined);
    listener.onDelete(cluster());
    deepEqual(changed, ["hz-a", "hz-a", "hz-a"]);
  });

  it("accepts certificates that were issued after the cluster was joined, and after the revocation", async () => {
    const { directory, listener, changed } = await open();
    const hourMs = 3_600_000;
    equal(directory.accepts("hz-a", createdAtMs + 1000), true);
    equal(directory.accepts("hz-a", createdAtMs - hourMs), false);
    listener.onPut(cluster({ revoked: createdAtMs + hourMs }), undefined);
    deepEqual(changed, ["hz-a"]);
    equal(directory.accepts("hz-a", createdAtMs + 1000), false);
    equal(directory.accepts("hz-a", createdAtMs + hourMs), false);
    equal(directory.accepts("hz-a", createdAtMs + hourMs + 1000), true);
  });
});

describe("authenticateUnrevoked()", () => {
  it("reads from a certificate when it was issued, and tells who was refused", async () => {
    const { directory, listener } = await open();
    const refused: string[] = [];
    const authenticate = authenticateUnrevoked(directory, (name) => refused.push(name));
    const issuedAtMs = createdAtMs + 60_000;
    const certificate = {
      subject: { O: agentOrganization, CN: "cellplane:agent:hz-a" },
      valid_to: new Date(issuedAtMs + agentCertificateLifeMs).toUTCString(),
    };
    const credentials = { certificate, token: undefined } as unknown as Credentials;
    const identity = await authenticate(credentials);
    equal(identity?.mayServe("hz-a"), true);
    equal(identity.mayServe("hz-b"), false);
    listener.onPut(cluster({ revoked: issuedAtMs }), undefined);
    throws(() => authenticate(credentials), /has been revoked/);
    deepEqual(refused, ["hz-a"]);
  });
});

describe("upstreamOf()", () => {
  it("is host and port, by the scheme where none is named", () => {
    equal(upstreamOf("https://kubernetes.default.svc"), "kubernetes.default.svc:443");
    equal(upstreamOf("http://10.0.0.1"), "10.0.0.1:80");
    equal(upstreamOf("https://[::1]:6443"), "[::1]:6443");
    equal(upstreamOf("10.0.0.1:6443"), "10.0.0.1:6443");
  });
});
