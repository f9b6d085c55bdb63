import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { FederatedSpec } from "../api/federated-object.ts";
import { planSync } from "../plan/plan-sync.ts";
import { federatedConfigMap, names, World } from "../plan/sync-view.suite.ts";
import { diffMember, overlayObject } from "./diff-member.ts";
import { explainHistory } from "./explain-history.ts";
import { previewWrites } from "./preview-writes.ts";

const configMap = (data: JsonObject): KubernetesObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "web" },
  data,
});

describe("diffMember()", () => {
  it("tells who changed what, and which change the next write undoes", () => {
    const diff = diffMember({
      lastWritten: configMap({ a: "1", b: "1" }),
      live: { ...configMap({ a: "hand", b: "1", c: "hand" }), status: { seen: true } },
      toApply: configMap({ a: "1", b: "2", c: "hand" }),
    });
    deepEqual(diff.changedInMember, [
      { path: "/data/a", change: "changed" },
      { path: "/data/c", change: "added" },
    ]);
    deepEqual(diff.toChange, [
      { path: "/data/a", change: "changed" },
      { path: "/data/b", change: "changed" },
    ]);
    deepEqual(diff.overwrites, ["/data/a"]);
  });

  it("shows neither what the server sets nor our own bookkeeping", () => {
    const metadata = { name: "web", uid: "u", resourceVersion: "7", generation: 3 };
    const annotations = { "federation.cellplane.io/revision": "2", own: "kept" };
    const live = { ...configMap({}), metadata: { ...metadata, annotations } };
    const { live: shown, toChange } = diffMember({
      lastWritten: undefined,
      live,
      toApply: { ...configMap({}), metadata: { name: "web", annotations: { own: "kept" } } },
    });
    deepEqual(shown?.metadata, { name: "web", annotations: { own: "kept" } });
    deepEqual(toChange, []);
  });

  it("never tells a value of a Secret, but that it differs", () => {
    const secret = (password: string): KubernetesObject => ({
      ...configMap({ password, user: "YWRtaW4=" }),
      kind: "Secret",
      metadata: {
        name: "web",
        annotations: { "kubectl.kubernetes.io/last-applied-configuration": password },
      },
    });
    const [one, two] = ["cGFzc3dvcmQx", "cGFzc3dvcmQy"];
    const diff = diffMember({
      lastWritten: secret(one ?? ""),
      live: secret(two ?? ""),
      toApply: secret(one ?? ""),
    });
    const data = [diff.lastWritten, diff.live, diff.toApply].map((state) => state?.["data"]);
    deepEqual(data, [
      { password: "*** (1)", user: "***" },
      { password: "*** (2)", user: "***" },
      { password: "*** (1)", user: "***" },
    ]);
    deepEqual(diff.overwrites, ["/data/password"]);
    const text = JSON.stringify(diff);
    for (const value of ["cGFzc3dvcmQx", "cGFzc3dvcmQy", "YWRtaW4="]) ok(!text.includes(value));
  });

  it("lays a rendering over what is live, where a member cannot be asked", () => {
    const live = { ...configMap({ a: "1", b: "2" }), immutable: false };
    deepEqual(overlayObject(live, configMap({ a: "3" })), {
      ...configMap({ a: "3", b: "2" }),
      immutable: false,
    });
  });
});

const object = (value: string, generation: number, more: FederatedSpec = {}) =>
  federatedConfigMap(
    { template: { data: { key: value } }, placement: { clusters: names("a") }, ...more },
    { generation },
  );
const held = { placementMask: { clusters: [] } };

/** What is previewed in member `a`, in words. */
function previewIn(
  world: World,
  spec: ReturnType<typeof object>,
  revision?: number,
): readonly string[] {
  const view = world.view(spec);
  const plan = planSync(view);
  return previewWrites(view, plan, revision ?? plan.desiredRevision).map(
    ({ current, next, lastWritten, unreadable }) =>
      [
        `${current.status || "fine"}: ${next.operation.kind}`,
        `${next.brings?.revision ?? ""}`,
        lastWritten.kind,
        unreadable === undefined ? "" : "unreadable",
      ].join(" "),
  );
}

describe("previewWrites()", () => {
  it("previews what a held member would get", () => {
    const world = new World(["a"]);
    world.reconcile(object("1", 1));
    deepEqual(previewIn(world, object("2", 2, held)), ["Held: update 2 live "]);
    world.reconcile(object("2", 2, held));
    deepEqual(previewIn(world, object("2", 2, held), 1), ["Held: none  live "]);
  });

  it("knows what was last written to a member that was changed since", () => {
    const world = new World(["a"]);
    world.reconcile(object("1", 1));
    const live = world.objectIn("a");
    ok(live);
    world.put("a", { ...live, data: { key: "hand" } });
    deepEqual(previewIn(world, object("2", 2, held)), ["Held: update 2 write "]);
    const view = world.view(object("2", 2, held));
    const [preview] = previewWrites(view, planSync(view));
    equal(preview?.lastWritten.kind, "write");
    if (preview?.lastWritten.kind !== "write") return;
    deepEqual(preview.lastWritten.write.object["data"], { key: "1" });
  });

  it("renders for a member that cannot be read as if nothing were there", () => {
    const world = new World(["a"]);
    world.reconcile(object("1", 1));
    world.troubles.set("a", { kind: "unreachable" });
    deepEqual(previewIn(world, object("2", 2)), ["ClusterNotReady: create 2 write unreadable"]);
  });

  it("previews the deletion of what is out of placement", () => {
    const world = new World(["a"]);
    world.reconcile(object("1", 1));
    const out = object("1", 2, { placement: { clusters: [] }, ...held });
    deepEqual(previewIn(world, out), ["PendingRemoval: delete  live "]);
  });
});

describe("explainHistory()", () => {
  it("tells who stands on which revision, and which revisions change a topology", () => {
    const world = new World(["a", "b"]);
    const both = { placement: { clusters: names("a", "b") } };
    const override = {
      overrides: [{ clusterName: "b", clusterOverrides: [{ path: "/data/key", value: "b" }] }],
    };
    world.reconcile(object("1", 1, both));
    world.reconcile(object("1", 2, { ...both, ...override }));
    const third = object("3", 3, {
      ...both,
      ...override,
      placementMask: { clusters: names("a") },
    });
    world.reconcile(third);
    const view = world.view(third);
    const history = explainHistory(view, planSync(view), {
      createdAt: (revision) => `t${revision}`,
      topology: "a",
    });
    deepEqual(
      history.revisions.map(({ revision, created, topologies, changes }) => [
        revision,
        created,
        topologies,
        changes,
      ]),
      [
        // For b the third revision is no change: its override hides it.
        [3, "t3", ["a", "b"], true],
        [2, "t2", [], false],
        [1, "t1", [], null],
      ],
    );
  });
});
