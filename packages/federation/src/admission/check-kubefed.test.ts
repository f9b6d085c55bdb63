import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import type { FieldError } from "@cellplane/apimachinery";
import type { FederatedTypeConfig, FederatedTypeConfigSpec } from "../api/federated-type-config.ts";
import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import type { KubeFedConfig } from "../api/kubefed-config.ts";
import { labels } from "../api/names.ts";
import type { TopologyType, TopologyTypeSpec } from "../api/topology-type.ts";
import { createTypeConfig } from "../crds/default-types.ts";
import { checkKubeFedCluster } from "./check-kubefed-cluster.ts";
import {
  checkKubeFedConfig,
  defaultKubeFedConfig,
  warnOfKubeFedConfig,
} from "./check-kubefed-config.ts";
import { checkTopologyTypeObject } from "./check-topology-type.ts";
import { checkTypeConfig } from "./check-type-config.ts";

const zone: TopologyTypeSpec = { label: labels.zone, over: "Clusters" };

const fields = (errors: readonly FieldError[]) => errors.map(({ field }) => field);

describe("checkKubeFedCluster()", () => {
  const cluster = (
    spec: Partial<KubeFedCluster["spec"]>,
    metadata: KubeFedCluster["metadata"] = { name: "a" },
  ): KubeFedCluster => ({
    metadata,
    spec: { apiEndpoint: "https://a", secretRef: { name: "s" }, ...spec },
  });
  const check = (
    object: KubeFedCluster,
    actor: "user" | "controller" | "platformAdmin" = "user",
    old?: KubeFedCluster,
    standing: readonly string[] = [],
  ) => fields(checkKubeFedCluster({ object, old }, { actor, standing }));

  it("takes hosts, ports and URLs, and nothing else", () => {
    for (const apiEndpoint of ["a", "a:6443", "http://a/x", "https://[::1]:1"])
      deepEqual(check(cluster({ apiEndpoint })), [], apiEndpoint);
    for (const apiEndpoint of ["", "a/b", "https://a:99999", "https://"])
      deepEqual(check(cluster({ apiEndpoint })), ["spec.apiEndpoint"], apiEndpoint);
    deepEqual(check(cluster({ apiEndpoint: "ftp://a" })), ["spec.apiEndpoint.scheme"]);
  });

  it("keeps KubeFed's rules for the rest", () => {
    deepEqual(check(cluster({ secretRef: { name: "" } })), ["spec.secretRef.name"]);
    deepEqual(check(cluster({ disabledTLSValidations: ["*", "SubjectName"] })), [
      "spec.disabledTLSValidations",
    ]);
    deepEqual(check(cluster({ disabledTLSValidations: ["X"] })), ["spec.disabledTLSValidations"]);
    deepEqual(check(cluster({ proxyURL: "ftp://x" })), ["spec.proxyURL"]);
    deepEqual(check(cluster({ proxyURL: "socks5://x:1" })), []);
  });

  it("leaves dotted names to the cell controller", () => {
    deepEqual(check(cluster({}, { name: "bank.a" })), ["metadata.name"]);
    deepEqual(check(cluster({}, { name: "bank.a" }), "controller"), []);
  });

  it("lets only administrators change the tenant, and only while nothing stands there", () => {
    const owned = cluster({}, { name: "a", labels: { [labels.tenant]: "t" } });
    const field = [`metadata.labels[${labels.tenant}]`];
    deepEqual(check(owned, "user", cluster({})), field);
    deepEqual(check(owned, "platformAdmin", cluster({})), []);
    deepEqual(check(owned, "platformAdmin", cluster({}), ["FederatedX a/b"]), field);
  });
});

describe("checkTypeConfig()", () => {
  const target = {
    group: "apps",
    version: "v1",
    kind: "Deployment",
    pluralName: "deployments",
    scope: "Namespaced",
  } as const;
  const config = createTypeConfig(target);
  const check = (
    change: Partial<FederatedTypeConfigSpec>,
    others: readonly FederatedTypeConfig[] = [],
  ) => fields(checkTypeConfig({ ...config, spec: { ...config.spec, ...change } }, others));

  it("accepts what enable makes, and no name but the target's", () => {
    deepEqual(check({}, [config]), []);
    deepEqual(fields(checkTypeConfig({ ...config, metadata: { name: "x" } }, [])), [
      "metadata.name",
    ]);
  });

  it("checks groups, labels, pointers and globs", () => {
    const { federatedType } = config.spec;
    deepEqual(check({ federatedType: { ...federatedType, group: "" } }), [
      "spec.federatedType.group",
    ]);
    deepEqual(check({ federatedType: { ...federatedType, group: "nodot" } }), [
      "spec.federatedType.group",
    ]);
    deepEqual(check({ federatedType: { ...federatedType, version: "1" } }), [
      "spec.federatedType.version",
    ]);
    deepEqual(check({ retainedFields: ["spec", "/a", ""] }), [
      "spec.retainedFields[0]",
      "spec.retainedFields[2]",
    ]);
    deepEqual(check({ propagatingAnnotations: [""] }), ["spec.propagatingAnnotations[0]"]);
  });

  it("refuses a second target with the same federated kind, unless in another group", () => {
    const other = createTypeConfig({ ...target, group: "other.io" });
    deepEqual(check({}, [other]), ["spec.federatedType"]);
    deepEqual(
      check({}, [createTypeConfig({ ...target, group: "other.io" }, { federatedGroup: "x.io" })]),
      [],
    );
  });
});

describe("KubeFedConfig", () => {
  const config = (spec: Partial<KubeFedConfig["spec"]> = {}): KubeFedConfig => ({
    metadata: { name: "kubefed" },
    spec: { scope: "Cluster", ...spec },
  });

  it("gets every default of KubeFed's, and keeps what is given", () => {
    const { spec } = defaultKubeFedConfig(config({ leaderElect: { leaseDuration: "30s" } }));
    deepEqual(spec.controllerDuration, {
      availableDelay: "20s",
      unavailableDelay: "60s",
      cacheSyncTimeout: "5m",
    });
    equal(spec.leaderElect?.leaseDuration, "30s");
    equal(spec.leaderElect?.renewDeadline, "10s");
    const names = spec.featureGates?.map(({ name }) => name) ?? [];
    deepEqual(names, names.toSorted());
    deepEqual(checkKubeFedConfig(defaultKubeFedConfig(config()), undefined), []);
  });

  it("is told which settings have no effect here, unless they are KubeFed's own", () => {
    deepEqual(warnOfKubeFedConfig(defaultKubeFedConfig(config())), []);
    const warnings = warnOfKubeFedConfig(
      config({
        controllerDuration: { availableDelay: "1s", unavailableDelay: "60s" },
        statusController: { maxConcurrentReconciles: 8 },
      }),
    );
    deepEqual(
      warnings.map((warning) => warning.split(" ")[0]),
      ["spec.controllerDuration.availableDelay", "spec.statusController.maxConcurrentReconciles"],
    );
  });

  it("is refused what KubeFed refuses", () => {
    const check = (spec: Partial<KubeFedConfig["spec"]>, old?: KubeFedConfig) =>
      fields(checkKubeFedConfig(config(spec), old));
    deepEqual(check({ scope: "Namespaced" }, config()), ["spec.scope"]);
    deepEqual(check({ clusterHealthCheck: { period: "0s", failureThreshold: 0 } }), [
      "spec.clusterHealthCheck.period",
      "spec.clusterHealthCheck.failureThreshold",
    ]);
    deepEqual(check({ controllerDuration: { availableDelay: "soon" } }), [
      "spec.controllerDuration.availableDelay",
    ]);
    deepEqual(
      check({ leaderElect: { leaseDuration: "10s", renewDeadline: "10s", retryPeriod: "9s" } }),
      ["spec.leaderElect.leaseDuration", "spec.leaderElect.renewDeadline"],
    );
    deepEqual(check({ featureGates: [{ name: "X", configuration: "Enabled" }] }), [
      "spec.featureGates[0].name",
    ]);
    const twice = { name: "MultiTopology", configuration: "Enabled" } as const;
    deepEqual(check({ featureGates: [twice, twice] }), ["spec.featureGates[1].name"]);
  });
});

describe("checkTopologyTypeObject()", () => {
  const type = (spec: TopologyTypeSpec, name = "zone"): TopologyType => ({
    metadata: { name },
    spec,
  });

  it("wants a label, members, and a name that is not taken", () => {
    const check = (object: TopologyType) =>
      fields(checkTopologyTypeObject({ object, old: undefined }, []));
    deepEqual(check(type(zone)), []);
    deepEqual(check(type(zone, "cell")), ["metadata.name"]);
    deepEqual(check(type({ ...zone, label: "a b" })), ["spec.label"]);
    deepEqual(check(type({ ...zone, over: "Nodes" as "Cells" })), ["spec.over"]);
  });

  it("is frozen while it is used", () => {
    const object = type({ ...zone, over: "Cells" });
    const old = type(zone);
    equal(checkTopologyTypeObject({ object, old }, []).length, 0);
    equal(checkTopologyTypeObject({ object, old }, ["FederatedX a/b"]).length, 1);
    equal(checkTopologyTypeObject({ object: old, old }, ["FederatedX a/b"]).length, 0);
  });
});
