import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import type { FederatedSpec } from "../api/federated-object.ts";
import { kubefed } from "../api/names.ts";
import { overridesHash, templateHash } from "../template/kubefed-hash.ts";
import { judgeTakeover } from "./judge-takeover.ts";
import { federatedConfigMap, names, World } from "./sync-view.suite.ts";

const spec: FederatedSpec = {
  template: { data: { key: "1" } },
  placement: { clusters: names("a", "b") },
};

function copy(value: string): KubernetesObject {
  const labels = { [kubefed.managedLabel]: "true" };
  return { metadata: { name: "web", namespace: "bank", labels }, data: { key: value } };
}

/** Members `a` and `b` as KubeFed left them, with what it recorded. */
function world(inB: KubernetesObject | undefined = copy("1")): World {
  const made = new World(["a", "b", "c"]);
  made.put("a", copy("1"));
  if (inB) made.put("b", inB);
  const entries = ["a", "b"].map((name) => {
    const { resourceVersion = "" } = made.objectIn(name)?.metadata ?? {};
    return [name, { version: `rv:${resourceVersion}` }] as const;
  });
  const object = federatedConfigMap(spec);
  made.ledger = {
    entries: new Map(entries),
    templateVersion: templateHash(spec.template),
    overridesVersion: overridesHash(object),
  };
  return made;
}

describe("judgeTakeover()", () => {
  it("finds in step what KubeFed left so, whatever the mask", () => {
    deepEqual(judgeTakeover(world().view(federatedConfigMap(spec))), {
      kind: "inStep",
      members: ["a", "b"],
    });
    const held = federatedConfigMap({ ...spec, placementMask: { clusters: [] } });
    equal(judgeTakeover(world().view(held)).kind, "inStep");
  });

  it("tells what would be written where, and nothing of the members in step", () => {
    const placed = { ...spec, placement: { clusters: names("a", "b", "c") } };
    const judged = judgeTakeover(world().view(federatedConfigMap(placed)));
    deepEqual(
      judged.kind === "differs" && judged.findings.map(({ member, what }) => [member, what]),
      [["c", "create"]],
    );
    const withdrawn = { ...spec, placement: { clusters: names("a") } };
    const second = judgeTakeover(world().view(federatedConfigMap(withdrawn)));
    deepEqual(
      second.kind === "differs" && second.findings.map(({ member, what }) => [member, what]),
      [["b", "delete"]],
    );
    const edited = judgeTakeover(
      world().view(federatedConfigMap({ ...spec, template: { data: { key: "2" } } })),
    );
    deepEqual(edited.kind === "differs" && edited.findings.map(({ what }) => what), [
      "update",
      "update",
    ]);
  });

  it("takes what cannot be read for a difference", () => {
    const made = world();
    made.troubles.set("b", { kind: "unreachable" });
    const judged = judgeTakeover(made.view(federatedConfigMap(spec)));
    deepEqual(
      judged.kind === "differs" && judged.findings.map(({ member, what }) => [member, what]),
      [["b", "unknown"]],
    );
    const failed = judgeTakeover(made.view(federatedConfigMap(spec), { over: undefined }));
    equal(failed.kind, "differs");
  });

  it("finds in step what is placed nowhere and stands nowhere", () => {
    const nowhere = federatedConfigMap({ ...spec, placement: { clusters: [] } });
    deepEqual(judgeTakeover(new World(["a"]).view(nowhere)), { kind: "inStep", members: [] });
  });
});
