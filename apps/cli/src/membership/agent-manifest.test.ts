import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { isJsonObject, type JsonObject, type JsonValue } from "@cellplane/apimachinery";
import { agentObjects } from "./agent-manifest.ts";

const access = { ca: "CA", cert: "CERT", key: "secret key", servers: ["cp-1:8091", "cp-2:8091"] };
const manifest = { cluster: "edge", access, image: "registry.example/cellplane:1" };

const at = (value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined =>
  path.reduce<JsonValue | undefined>((found, key) => {
    if (Array.isArray(found)) return found[Number(key)] as JsonValue;
    return isJsonObject(found) ? found[key] : undefined;
  }, value);

const find = (kind: string): JsonObject => {
  const found = agentObjects(manifest).find((object) => object.kind === kind);
  ok(found, kind);
  return found as unknown as JsonObject;
};

describe("agentObjects()", () => {
  it("keeps to what the Pod Security Standard restricted allows", () => {
    const pod = at(find("Deployment"), "spec", "template", "spec");
    deepEqual(at(pod, "securityContext", "seccompProfile"), { type: "RuntimeDefault" });
    equal(at(pod, "securityContext", "runAsNonRoot"), true);
    equal(at(pod, "initContainers"), undefined);
    deepEqual(at(pod, "containers", "0", "securityContext"), {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    equal(at(pod, "containers", "0", "volumeMounts", "0", "readOnly"), true);
  });

  it("lets the agent renew its own Secret, and do nothing else", () => {
    deepEqual(find("Role")["rules"], [
      {
        apiGroups: [""],
        resources: ["secrets"],
        resourceNames: ["cellplane-agent"],
        verbs: ["get", "patch"],
      },
    ]);
    deepEqual(at(find("RoleBinding"), "subjects", "0"), {
      kind: "ServiceAccount",
      name: "cellplane-agent",
      namespace: "cellplane-agent",
    });
    const args = at(find("Deployment"), "spec", "template", "spec", "containers", "0", "args");
    ok(Array.isArray(args));
    const given = args.indexOf("--credentials-secret");
    equal(args[given + 1], "cellplane-agent/cellplane-agent");
    equal(JSON.stringify(args).includes("secret key"), false);
    equal(
      agentObjects(manifest).some(({ kind }) => kind?.startsWith("Cluster")),
      false,
    );
  });

  it("keeps one of two agents where nodes are emptied, each on a node of its own", () => {
    equal(at(find("Deployment"), "spec", "replicas"), 2);
    equal(at(find("PodDisruptionBudget"), "spec", "maxUnavailable"), 1);
    const selector = at(find("PodDisruptionBudget"), "spec", "selector");
    deepEqual(selector, at(find("Deployment"), "spec", "selector"));
    const pod = at(find("Deployment"), "spec", "template", "spec");
    deepEqual(at(pod, "topologySpreadConstraints", "0", "labelSelector"), selector);
  });
});
