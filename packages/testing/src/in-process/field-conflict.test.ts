import { deepEqual, equal, match, ok } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import type { PlacementExplanation } from "@cellplane/federation";
import { cellNamespace, federatedConfigMap, namespace } from "../e2e/tenant.ts";
import { topologyRows } from "../e2e/topology-rows.ts";
import { waitFor, waitForObject } from "../e2e/wait-for.ts";
import { Federation } from "./federation.suite.ts";
import {
  configMapWebhook,
  patchAnswer,
  startWebhookServer,
  type WebhookServer,
} from "./webhook-server.suite.ts";

const cell = "rz00a";
const inMember: ResourcePath = {
  group: "",
  version: "v1",
  resource: "configmaps",
  namespace: cellNamespace(cell),
};
const federatedConfigMaps: ResourcePath = {
  group: "types.kubefed.io",
  version: "v1beta2",
  resource: "federatedconfigmaps",
  namespace,
};
const isOurs = (username: string): boolean => username.startsWith("system:serviceaccount:");

describe("a member whose webhook changes what is written", () => {
  let federation: Federation;
  let webhook: WebhookServer;
  before(async () => {
    federation = await Federation.open();
    webhook = await startWebhookServer((path, { userInfo, object }) => {
      const value = { op: "replace", path: "/data/value", value: "theirs" };
      if (object?.metadata.name === "always" && path === "/fight") return patchAnswer(value);
      // It gives way to us, and takes the field back as soon as anybody else touches the object.
      if (object?.metadata.name === "fought" && !isOurs(userInfo.username)) {
        return patchAnswer(value);
      }
      return {};
    });
    await federation.join();
    await federation.makeCells();
    await federation.member.client.create(
      {
        group: "admissionregistration.k8s.io",
        version: "v1",
        resource: "mutatingwebhookconfigurations",
      },
      configMapWebhook("Mutating", "fight", webhook.clientConfig("/fight")),
    );
  });
  after(async () => {
    await federation[Symbol.asyncDispose]();
    await webhook[Symbol.asyncDispose]();
  });

  const place = (name: string): Parameters<typeof waitForObject>[0] => ({
    client: federation.controlPlane.client,
    path: federatedConfigMaps,
    name,
  });
  const writesTo = (name: string): number =>
    federation.writes().filter((request) => request.includes(`/configmaps/${name}`)).length;
  const valueIn = async (name: string): Promise<unknown> =>
    ((await federation.member.client.get(inMember, name))["data"] as { readonly value?: string })
      .value;
  const touch = (name: string, round: number): Promise<KubernetesObject> =>
    federation.member.client.patch(inMember, name, {
      type: "merge",
      body: { metadata: { annotations: { "example.com/touched": String(round) } } },
    });

  it("takes back a field in the same write: that is no fight, and no loop", async () => {
    const { client } = federation.controlPlane;
    await client.create(
      federatedConfigMaps,
      federatedConfigMap("always", "one", { cells: [cell] }),
    );
    await waitForObject(place("always"), topologyRows, { [cell]: "1" });
    await client.patch(federatedConfigMaps, "always", {
      type: "merge",
      body: { spec: { template: { data: { value: "two" } } } },
    });
    await waitForObject(place("always"), topologyRows, { [cell]: "2" });
    equal(await valueIn("always"), "theirs");
    await touch("always", 0);
    await waitForObject(
      { client: federation.member.client, path: inMember, name: "always" },
      ({ metadata }) => metadata.annotations?.["example.com/touched"],
      "0",
    );
    equal(writesTo("always"), 1, "one update, and nothing after it");
    const path = `/apis/inspect.cellplane.io/v1alpha1/namespaces/${namespace}/federatedconfigmaps/always/explain`;
    const { body } = await client.raw({ method: "GET", path });
    const { topologies } = JSON.parse(new TextDecoder().decode(body)) as PlacementExplanation;
    const told = topologies.find(({ topology }) => topology === cell);
    deepEqual([told?.status, told?.storedOtherwise], ["", "/data/value"]);
    match(told?.sentences.join("\n") ?? "", /The member stored \/data\/value otherwise/);
  });

  it("fights back: after five repairs within a minute it is left alone, and the field is named", async () => {
    const { client } = federation.controlPlane;
    await client.create(
      federatedConfigMaps,
      federatedConfigMap("fought", "ours", { cells: [cell] }),
    );
    await waitForObject(place("fought"), topologyRows, { [cell]: "1" });
    for (let round = 1; round <= 5; round += 1) {
      await touch("fought", round);
      await waitFor(`repair ${round}`, async () =>
        writesTo("fought") >= round ? true : undefined,
      );
    }
    await touch("fought", 6);
    const stopped = await waitForObject(place("fought"), topologyRows, {
      [cell]: "1 FieldConflict",
    });
    const { topologies } = stopped["status"] as {
      readonly topologies: readonly { readonly message?: string }[];
    };
    match(topologies[0]?.message ?? "", /\/data\/value/);
    equal(writesTo("fought"), 5);
    equal(await valueIn("fought"), "theirs");

    // A rendering that does not contend for the field is written at once.
    await client.patch(federatedConfigMaps, "fought", {
      type: "merge",
      body: { spec: { template: { data: { value: "theirs" } } } },
    });
    const settled = await waitForObject(place("fought"), topologyRows, { [cell]: "2" });
    ok(settled);
    deepEqual(await valueIn("fought"), "theirs");
  });
});
