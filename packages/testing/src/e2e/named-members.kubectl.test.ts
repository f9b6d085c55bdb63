import { deepEqual, equal, ok } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isStatus, type JsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import { type NamedMember, NamedMembers } from "./named-members.ts";
import { type ProgramResult, runCellplane } from "./run-program.ts";
import { topologyRows } from "./topology-rows.ts";
import { findObject, type ObjectPlace, waitFor, waitForObject, waitUntilGone } from "./wait-for.ts";

const systemNamespace = "kube-federation-system";
const namespaces: ResourcePath = { group: "", version: "v1", resource: "namespaces" };

/** One of the two cells of a member, which a mask can tell apart. */
interface TestCell {
  readonly name: string;
  readonly member: NamedMember;
}

let plane: NamedMembers;
let cells: readonly TestCell[] = [];
let hasLeft = false;
before(async () => {
  plane = await NamedMembers.open();
  cells = plane.members.flatMap((member) =>
    ["a", "b"].map((letter) => ({ name: `${member.name}${letter}`, member })),
  );
});
after(async () => {
  try {
    if (!hasLeft) await leave();
  } finally {
    await plane[Symbol.asyncDispose]();
  }
});

/** Takes away what is left in the members, whatever failed before; how each was left. */
async function leave(): Promise<readonly ProgramResult[]> {
  const results: ProgramResult[] = [];
  for (const { name, client, kubeconfig, hadSystemNamespace } of plane.members) {
    // First, so that nothing that is taken away is written again.
    const control = ["--kubeconfig", plane.controlPlane.kubeconfig, "--abandon"];
    const args = ["unjoin", name, ...control, "--member-kubeconfig", kubeconfig];
    results.push(await runCellplane(args));
    for (const cell of cells) {
      if (cell.member.name === name) await removeNamespace(client, namespaceOf(cell));
    }
    if (!hadSystemNamespace) await removeNamespace(client, systemNamespace);
  }
  return results;
}

async function removeNamespace(client: NamedMember["client"], name: string): Promise<void> {
  try {
    await client.delete(namespaces, name);
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
}

const namespaceOf = (cell: TestCell): string => `${plane.namespace}-${cell.name}`;
const rowsOf = (row: string, first: string = row): Readonly<Record<string, string>> =>
  Object.fromEntries(cells.map(({ name }, index) => [name, index === 0 ? first : row]));

interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly group: string;
  /** A template of its first or second release. */
  readonly template: (release: 1 | 2) => JsonObject;
  /** Which release an object in a member is of. */
  readonly releaseOf: (object: KubernetesObject) => unknown;
}

// No replicas: nothing is run, or pulled, in whichever clusters these are.
const kinds: readonly Kind[] = [
  {
    kind: "ConfigMap",
    plural: "configmaps",
    group: "",
    template: (release) => ({ data: { release: `${release}` } }),
    releaseOf: ({ data }) => Number((data as { readonly release?: string } | undefined)?.release),
  },
  {
    kind: "Deployment",
    plural: "deployments",
    group: "apps",
    template: (release) => ({
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: "named" } },
        template: {
          metadata: { labels: { app: "named", release: `${release}` } },
          spec: { containers: [{ name: "app", image: "registry.k8s.io/pause:3.9" }] },
        },
      },
    }),
    releaseOf: ({ spec }) => {
      const pods = (spec as { readonly template?: KubernetesObject } | undefined)?.template;
      return Number(pods?.metadata.labels?.["release"]);
    },
  },
];

function inMember({ plural, group }: Kind, cell: TestCell): ObjectPlace {
  const path = { group, version: "v1", resource: plural, namespace: namespaceOf(cell) };
  return { client: cell.member.client, path, name: "named" };
}

const federated = ({ plural }: Kind): ObjectPlace => ({
  client: plane.controlPlane.client,
  path: {
    group: "types.kubefed.io",
    version: "v1beta2",
    resource: `federated${plural}`,
    namespace: plane.namespace,
  },
  name: "named",
});

const change = (kind: Kind, spec: JsonObject): Promise<KubernetesObject> => {
  const { client, path, name } = federated(kind);
  return client.patch(path, name, { type: "merge", body: { spec } });
};

const expectReleases = async (kind: Kind, first: 1 | 2, others: 1 | 2): Promise<void> => {
  for (const [index, cell] of cells.entries()) {
    const object = await findObject(inMember(kind, cell));
    equal(object && kind.releaseOf(object), index === 0 ? first : others, cell.name);
  }
};

describe("the clusters that CELLPLANE_TEST_MEMBER_KUBECONFIGS names, or two of ours", () => {
  it("are joined, each with two cells", async () => {
    ok(plane.members.length > 0);
    for (const { name, kubeconfig } of plane.members) {
      const control = ["--kubeconfig", plane.controlPlane.kubeconfig];
      const args = ["join", name, ...control, "--member-kubeconfig", kubeconfig];
      const { code, stderr } = await runCellplane(args);
      equal(code, 0, `cellplane join ${name}: ${stderr}`);
    }
    const tenant = { "cellplane.io/tenant": "named", "cellplane.io/workspace-group": "test" };
    await plane.kubectl.apply([
      { apiVersion: "v1", kind: "Namespace", metadata: { name: plane.namespace, labels: tenant } },
      ...cells.map(({ name, member }) => ({
        apiVersion: "cellplane.io/v1alpha1",
        kind: "Cell",
        metadata: { name, namespace: plane.namespace },
        spec: { clusterRef: { name: member.name } },
      })),
    ]);
  });

  for (const kind of kinds) {
    it(`get a ${kind.kind}, its update, what a mask lets through, and its deletion`, async () => {
      const place = federated(kind);
      await plane.kubectl.apply([
        {
          apiVersion: "types.kubefed.io/v1beta2",
          kind: `Federated${kind.kind}`,
          metadata: { name: "named", namespace: plane.namespace },
          spec: {
            topologyType: "cell",
            template: kind.template(1),
            placement: { topologies: cells.map(({ name }) => ({ name })) },
          },
        },
      ]);
      await waitForObject(place, topologyRows, rowsOf("1"));
      await expectReleases(kind, 1, 1);

      const first = { topologies: [{ name: cells[0]?.name ?? "" }] };
      await change(kind, { template: kind.template(2), placementMask: first });
      await waitForObject(place, topologyRows, rowsOf("1 Held behind 1", "2"));
      await expectReleases(kind, 2, 1);

      await change(kind, { placementMask: null });
      await waitForObject(place, topologyRows, rowsOf("2"));
      await expectReleases(kind, 2, 2);

      if (kind.kind === "Deployment") await expectStatus(kind);

      await place.client.delete(place.path, place.name);
      await waitUntilGone(place);
      for (const cell of cells) await waitUntilGone(inMember(kind, cell));
    });
  }

  it("are left as they were", async () => {
    for (const { code, stderr } of await leave()) equal(code, 0, stderr);
    hasLeft = true;
    for (const { client, hadSystemNamespace } of plane.members) {
      const ours = (name: string | undefined = ""): boolean =>
        name.startsWith(plane.namespace) || (!hadSystemNamespace && name === systemNamespace);
      // A namespace goes once all is gone that is in it.
      await waitFor("our namespaces to be gone", async () => {
        const { items } = await client.list(namespaces);
        return items.some(({ metadata }) => ours(metadata.name)) ? undefined : true;
      });
    }
    const left = await plane.controlPlane.client.list({
      group: "core.kubefed.io",
      version: "v1beta1",
      resource: "kubefedclusters",
      namespace: systemNamespace,
    });
    const joined = left.items.map(({ metadata }) => metadata.name ?? "");
    deepEqual(
      joined.filter((name) => !name.includes(".")),
      [],
    );
  });
});

interface Condition {
  readonly type: string;
  readonly status: string;
}

/** What stands in a member's status comes back, whoever else writes to it. */
async function expectStatus(kind: Kind): Promise<void> {
  const condition: Condition = { type: "example.com/Seen", status: "True" };
  const hasIt = (status: unknown): boolean =>
    conditionsOf(status).some(({ type }) => type === condition.type);
  await waitFor("the condition to come back from each cell", async () => {
    for (const cell of cells) {
      const { client, path, name } = inMember(kind, cell);
      const { status } = await client.get(path, name);
      // The member's own controller may write what it had seen before.
      if (hasIt(status)) continue;
      const body = { status: { conditions: [...conditionsOf(status), condition] } };
      await client.patch(path, name, { type: "merge", body, subresource: "status" });
    }
    const { client, path, name } = federated(kind);
    const { topologies = [] } = ((await client.get(path, name))["status"] ?? {}) as {
      readonly topologies?: readonly { readonly remoteStatus?: unknown }[];
    };
    const come = topologies.filter(({ remoteStatus }) => hasIt(remoteStatus));
    return come.length === cells.length ? true : undefined;
  });
}

function conditionsOf(status: unknown): readonly Condition[] {
  const { conditions = [] } = (status ?? {}) as { readonly conditions?: readonly Condition[] };
  return conditions;
}
