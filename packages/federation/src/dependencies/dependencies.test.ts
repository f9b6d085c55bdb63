import { deepEqual, equal, match, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "@cellplane/apimachinery";
import type { FederatedObject } from "../api/federated-object.ts";
import { annotations, labels } from "../api/names.ts";
import { topologyTypeOf } from "../conversion/convert-federated-object.ts";
import { dependenciesCondition } from "./dependencies-condition.ts";
import { dependenciesOf, type Dependency } from "./dependencies-of.ts";
import {
  type DependencyCarrier,
  type DependencyPlan,
  type DependencyView,
  type Follower,
  planDependencies,
} from "./plan-dependencies.ts";

const deployment = { group: "apps", kind: "Deployment" };
const inPods = (spec: JsonObject): JsonObject => ({ spec: { template: { spec } } });
const found = (spec: JsonObject): readonly string[] =>
  dependenciesOf(inPods(spec), deployment).map(
    ({ kind, name, optional }) => `${kind}/${name}${optional ? "?" : ""}`,
  );

describe("dependenciesOf()", () => {
  const container = {
    envFrom: [{ configMapRef: { name: "c1" } }, { secretRef: { name: "s1", optional: true } }],
    env: [
      { name: "plain", value: "x" },
      { name: "a", valueFrom: { configMapKeyRef: { name: "c2", key: "k" } } },
      { name: "b", valueFrom: { secretKeyRef: { name: "s2", key: "k" } } },
      { name: "c", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    ],
  };

  it("finds every place where containers of any sort name one", () => {
    const all = ["ConfigMap/c1", "ConfigMap/c2", "Secret/s1?", "Secret/s2"];
    for (const list of ["containers", "initContainers", "ephemeralContainers"]) {
      deepEqual(found({ [list]: [container] }), all, list);
    }
  });

  it("finds volumes, whatever their form", () => {
    const volumes = [
      { configMap: { name: "c" } },
      { secret: { secretName: "s", optional: true } },
      { persistentVolumeClaim: { claimName: "p" } },
      {
        projected: {
          sources: [
            { configMap: { name: "pc" } },
            { secret: { name: "ps" } },
            { serviceAccountToken: { path: "t" } },
          ],
        },
      },
      { azureFile: { secretName: "azure", shareName: "x" } },
      { csi: { driver: "d", nodePublishSecretRef: { name: "csi" } } },
      { cephfs: { secretRef: { name: "ceph" } } },
      {
        ephemeral: {
          volumeClaimTemplate: {
            spec: { dataSource: { kind: "PersistentVolumeClaim", name: "seed" } },
          },
        },
      },
      { emptyDir: {} },
    ];
    deepEqual(found({ volumes }), [
      "ConfigMap/c",
      "ConfigMap/pc",
      "PersistentVolumeClaim/p",
      "PersistentVolumeClaim/seed",
      "Secret/azure",
      "Secret/ceph",
      "Secret/csi",
      "Secret/ps",
      "Secret/s?",
    ]);
  });

  it("finds accounts and pull secrets, but not what every namespace has", () => {
    const imagePullSecrets = [{ name: "registry" }];
    deepEqual(found({ serviceAccountName: "robot", imagePullSecrets }), [
      "Secret/registry",
      "ServiceAccount/robot",
    ]);
    deepEqual(found({ serviceAccount: "old" }), ["ServiceAccount/old"]);
    const volumes = [{ configMap: { name: "kube-root-ca.crt" } }];
    deepEqual(found({ serviceAccountName: "default", volumes }), []);
  });

  it("needs what one place needs, though another could do without", () => {
    const volumes = [
      { secret: { secretName: "s", optional: true } },
      { projected: { sources: [{ secret: { name: "s" } }] } },
    ];
    deepEqual(found({ volumes }), ["Secret/s"]);
  });

  it("knows where each kind keeps its pods, and lets malformed templates be", () => {
    const spec = { serviceAccountName: "robot" };
    const job = { spec: { jobTemplate: inPods(spec) } };
    equal(dependenciesOf(job, { group: "batch", kind: "CronJob" }).length, 1);
    equal(dependenciesOf({ spec }, { kind: "Pod" }).length, 1);
    equal(dependenciesOf(inPods(spec), { kind: "ConfigMap" }).length, 0);
    const odd = { volumes: "x", containers: [1, { env: {}, envFrom: [null] }] };
    deepEqual(found(odd), []);
    deepEqual(dependenciesOf(undefined, deployment), []);
  });
});

const secret: Dependency = { kind: "Secret", name: "tls", optional: false };
const key = "Secret/tls";
const carrier: DependencyCarrier = {
  apiGroup: "types.kubefed.io",
  kind: "FederatedSecret",
  propagates: () => false,
};
const source = {
  metadata: {
    name: "tls",
    uid: "u",
    labels: { app: "web" },
    annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
  },
  type: "Opaque",
  data: { key: "eA==" },
};

function follower(name: string, members: readonly string[], fields: Partial<Follower> = {}) {
  return {
    words: `FederatedDeployment ${name}`,
    follows: "on",
    over: "Clusters",
    members: new Set(members),
    mask: undefined,
    needs: [secret],
    ...fields,
  } as const satisfies Follower;
}

function plan(followers: readonly Follower[], view: Partial<DependencyView> = {}): DependencyPlan {
  return planDependencies({
    namespace: "bank",
    followers,
    sources: new Map([[key, source]]),
    existing: new Map(),
    carriers: new Map([["Secret", carrier]]),
    ...view,
  });
}

function made(followers: readonly Follower[]): FederatedObject {
  const [operation] = plan(followers).operations;
  ok(operation?.kind === "create");
  return operation.object;
}

const whys = ({ problems }: DependencyPlan): readonly string[] =>
  Array.from(problems.values()).flatMap((each) => each.map(({ why }) => why));
const masked = (...names: readonly string[]) => ({ mask: new Set(names) });
const clustersOf = (
  selection: { readonly clusters?: readonly { readonly name: string }[] } | undefined,
): readonly string[] | undefined => selection?.clusters?.map(({ name }) => name);

describe("planDependencies()", () => {
  it("makes the federated object, with the source's content and nothing of its bookkeeping", () => {
    const object = made([follower("web", ["a"])]);
    equal(object.kind, "FederatedSecret");
    deepEqual(object.spec?.template, {
      metadata: { labels: { app: "web" } },
      type: "Opaque",
      data: { key: "eA==" },
    });
    equal(object.metadata.labels?.[labels.followedBy], "workloads");
    equal(object.metadata.annotations?.[annotations.followedBy], "FederatedDeployment web");
    equal(object.spec?.placementMask, undefined);
  });

  it("writes nothing where all is as planned", () => {
    const followers = [follower("web", ["a"], masked("a"))];
    const existing = new Map([[key, made(followers)]]);
    deepEqual(plan(followers, { existing }).operations, []);
  });

  it("is where any of its workloads is", () => {
    const object = made([follower("web", ["a", "b"]), follower("job", ["b", "c"])]);
    deepEqual(clustersOf(object.spec?.placement), ["a", "b", "c"]);
  });

  it("is spread over cells as its workloads are", () => {
    const object = made([follower("web", ["bank.rz00a"], { over: "Cells" })]);
    equal(topologyTypeOf(object), "cell");
    const both = plan([follower("web", ["bank.rz00a"], { over: "Cells" }), follower("job", ["a"])]);
    match(both.problems.get("FederatedDeployment job")?.[0]?.why ?? "", /over cells/);
    deepEqual(both.problems.get("FederatedDeployment web"), []);
  });

  it("touches nothing that no workload may touch, in all 4096 cases of two workloads", () => {
    const names = ["a", "b", "c"] as const;
    const sets = Array.from({ length: 8 }, (_, bits) =>
      names.filter((_name, at) => bits & (1 << at)),
    );
    for (const p1 of sets) {
      for (const m1 of sets) {
        for (const p2 of sets) {
          for (const m2 of sets) {
            const { spec } = made([
              follower("one", p1, masked(...m1)),
              follower("two", p2, masked(...m2)),
            ]);
            const placed = new Set(clustersOf(spec?.placement));
            const mask = new Set(clustersOf(spec?.placementMask));
            for (const name of names) {
              const open1 = p1.includes(name) && m1.includes(name);
              const open2 = p2.includes(name) && m2.includes(name);
              if (placed.has(name)) equal(mask.has(name), open1 || open2);
              else equal(mask.has(name), m1.includes(name) && m2.includes(name));
            }
          }
        }
      }
    }
  });

  it("leaves another's object alone, and says so", () => {
    const theirs: FederatedObject = { metadata: { name: "tls", namespace: "bank" }, spec: {} };
    const outcome = plan([follower("web", ["a"])], { existing: new Map([[key, theirs]]) });
    deepEqual(outcome.operations, []);
    match(whys(outcome)[0] ?? "", /^there is a FederatedSecret of this name already/);
  });

  it("removes nothing when a source vanishes, but follows placement and says so", () => {
    const existing = new Map([[key, made([follower("web", ["a"])])]]);
    const outcome = plan([follower("web", ["a", "b"])], { existing, sources: new Map() });
    const [operation] = outcome.operations;
    ok(operation?.kind === "update");
    deepEqual(operation.object.spec?.template?.["data"], source.data);
    deepEqual(clustersOf(operation.object.spec?.placement), ["a", "b"]);
    deepEqual(whys(outcome), ["not found any more; members keep what they have"]);
  });

  it("reports what is missing, unless pods can do without it", () => {
    const sources = new Map();
    deepEqual(whys(plan([follower("web", ["a"])], { sources })), ["not found"]);
    const optional = [{ ...secret, optional: true }];
    deepEqual(whys(plan([follower("web", ["a"], { needs: optional })], { sources })), []);
    const carriers = new Map();
    match(whys(plan([follower("web", ["a"])], { carriers }))[0] ?? "", /^no FederatedTypeConfig/);
    const token = new Map([[key, { ...source, type: "kubernetes.io/service-account-token" }]]);
    match(whys(plan([follower("web", ["a"])], { sources: token }))[0] ?? "", /of one cluster only/);
  });

  it("goes with the last workload that names it, but only if it was made for one", () => {
    const existing = new Map([[key, made([follower("web", ["a"])])]]);
    deepEqual(
      plan([follower("web", ["a"], { needs: [] })], { existing }).operations.map(
        ({ kind }) => kind,
      ),
      ["delete"],
    );
    const own = new Map([[key, { metadata: { name: "tls", namespace: "bank" }, spec: {} }]]);
    deepEqual(plan([], { existing: own }).operations, []);
  });

  it("stays, as an object like any other, where a workload only stops asking", () => {
    const existing = new Map([[key, made([follower("web", ["a"])])]]);
    const [operation] = plan([follower("web", ["a"], { follows: "off" })], { existing }).operations;
    ok(operation?.kind === "update");
    equal(operation.object.metadata.labels?.[labels.followedBy], undefined);
    deepEqual(plan([], { existing: new Map([[key, operation.object]]) }).operations, []);
  });
});

describe("dependenciesCondition()", () => {
  const object: FederatedObject = { metadata: { name: "web" }, status: { conditions: [] } };
  const now = "2026-01-01T00:00:00Z";

  it("says what does not follow, never what is in it, and goes with the wish", () => {
    const problems = [{ key, why: "not found" }];
    const status = dependenciesCondition(object, problems, now);
    equal(status?.conditions?.[0]?.reason, "NotFollowed");
    equal(status?.conditions?.[0]?.message, "Secret/tls: not found");
    const told: FederatedObject = { ...object, ...(status ? { status } : {}) };
    equal(dependenciesCondition(told, problems, "2026-01-01T00:00:09Z"), told.status);
    deepEqual(dependenciesCondition(told, undefined, now)?.conditions, []);
    equal(dependenciesCondition(object, undefined, now), object.status);
  });
});
