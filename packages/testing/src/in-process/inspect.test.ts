import { deepEqual, equal, match, ok } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  isJsonObject,
  type JsonObject,
  type KubernetesObject,
  parseJson,
} from "@cellplane/apimachinery";
import type { PlacementDiff, PlacementExplanation, RevisionHistory } from "@cellplane/federation";
import { cellNamespace, federated, federatedConfigMap, namespace } from "../e2e/tenant.ts";
import { topologyRows } from "../e2e/topology-rows.ts";
import { findObject, waitFor, waitForObject } from "../e2e/wait-for.ts";
import { Federation } from "./federation.suite.ts";

const cells = ["rz00a", "rz01a"] as const;

let federation: Federation;
before(async () => {
  federation = await Federation.open();
  await federation.join();
  await federation.makeCells();
});
after(() => federation[Symbol.asyncDispose]());

interface Answer {
  readonly status: number;
  readonly body: JsonObject;
}

/** GET below the inspection API, as the administrator unless told otherwise. */
async function ask(path: string, user = ""): Promise<Answer> {
  const headers = user === "" ? {} : { "impersonate-user": user };
  const { status, body } = await federation.controlPlane.client.raw({
    method: "GET",
    path: `/apis/inspect.cellplane.io/v1alpha1${path}`,
    headers,
  });
  const parsed = parseJson(new TextDecoder().decode(body));
  return { status, body: isJsonObject(parsed) ? parsed : {} };
}

async function inspect<T>(plural: string, name: string, what: string): Promise<T> {
  const { status, body } = await ask(`/namespaces/${namespace}/${plural}/${name}/${what}`);
  equal(status, 200, JSON.stringify(body));
  return body as unknown as T;
}

const pathOf = (resource: string) => ({
  group: "types.kubefed.io",
  version: "v1beta2",
  resource,
  namespace,
});

async function put(plural: string, object: KubernetesObject): Promise<void> {
  const place = {
    client: federation.controlPlane.client,
    path: pathOf(plural),
    name: object.metadata.name ?? "",
  };
  const found = await findObject(place);
  const { resourceVersion = "" } = found?.metadata ?? {};
  const metadata = { ...object.metadata, resourceVersion };
  if (found) await place.client.update(place.path, { ...object, metadata });
  else await place.client.create(place.path, object);
}

async function waitForRows(
  plural: string,
  name: string,
  rows: Readonly<Record<string, string>>,
): Promise<void> {
  const { client } = federation.controlPlane;
  await waitForObject({ client, path: pathOf(plural), name }, topologyRows, rows);
}

const inMember = (resource: string, cell: string) => ({
  group: "",
  version: "v1",
  resource,
  namespace: cellNamespace(cell),
});

describe("GET inspect.cellplane.io", () => {
  it("tells of a masked, drifted cell why it is so, and who would change what", async () => {
    const plural = "federatedconfigmaps";
    await put(plural, federatedConfigMap("app", "one", { cells }));
    await waitForRows(plural, "app", { rz00a: "1", rz01a: "1" });
    const second = federatedConfigMap("app", "two", { cells, mask: ["rz01a"] });
    await put(plural, second);
    await waitForRows(plural, "app", { rz00a: "1 Held behind 1", rz01a: "2" });
    await federation.member.client.patch(inMember("configmaps", "rz00a"), "app", {
      type: "merge",
      body: { data: { value: "hand", more: "hand" } },
    });
    await waitForRows(plural, "app", { rz00a: "1 Held behind 1 drifted", rz01a: "2" });

    const writes = federation.writes().length;
    const explained = await inspect<PlacementExplanation>(plural, "app", "explain");
    deepEqual(
      explained.topologies.map((each) => [
        each.topology,
        each.cluster,
        each.placed.rule,
        each.mask.rule,
        each.status,
        each.revision,
        each.lastWrite?.operation,
        each.lastWrite?.result,
      ]),
      [
        ["rz00a", "hz-a", "Named", "NotNamed", "Held", 1, "create", "Succeeded"],
        ["rz01a", "hz-a", "Named", "Named", "", 2, "update", "Succeeded"],
      ],
    );
    equal(explained.topologies[0]?.waitsFor, "the mask to include it");

    const diff = await inspect<PlacementDiff>(plural, "app", "diff?topology=rz00a");
    const [only] = diff.topologies;
    equal(diff.topologies.length, 1);
    equal(only?.basis, "ServerDryRun");
    deepEqual(only.changedInMember, [
      { path: "/data/value", change: "changed" },
      { path: "/data/more", change: "added" },
    ]);
    deepEqual(only.toChange, [
      { path: "/data/value", change: "changed" },
      { path: "/data/more", change: "removed" },
    ]);
    deepEqual(
      [only.lastWritten?.["data"], only.live?.["data"], only.toApply?.["data"]],
      [{ value: "one" }, { value: "hand", more: "hand" }, { value: "two" }],
    );
    const back = await inspect<PlacementDiff>(plural, "app", "diff?topology=rz01a&revision=1");
    deepEqual(back.topologies[0]?.toChange, [{ path: "/data/value", change: "changed" }]);

    const history = await inspect<RevisionHistory>(plural, "app", "history?topology=rz00a");
    deepEqual(
      history.revisions.map(({ revision, topologies, changes }) => [revision, topologies, changes]),
      [
        [2, ["rz01a"], true],
        [1, ["rz00a"], null],
      ],
    );
    ok(history.revisions.every(({ created }) => created !== null));
    // Asking wrote nothing: what was sent are dry runs, and the object is as it was.
    const sent = federation.writes().slice(writes);
    ok(sent.length > 0);
    for (const request of sent) match(request, /^PUT .*dryRun=All/);
  });

  it("shows no value of a Secret, in no state", async () => {
    const plural = "federatedsecrets";
    const secret = (value: string, mask: readonly string[]): KubernetesObject =>
      federated("Secret", "key", { cells, mask, template: { stringData: { key: value } } });
    await put(plural, secret("first-value", cells));
    await waitForRows(plural, "key", { rz00a: "1", rz01a: "1" });
    await put(plural, secret("second-value", []));
    await waitForRows(plural, "key", { rz00a: "1 Held behind 1", rz01a: "1 Held behind 1" });
    const diff = await inspect<PlacementDiff>(plural, "key", "diff");
    const text = JSON.stringify(diff);
    for (const value of ["first-value", "second-value"]) {
      ok(!text.includes(value));
      ok(!text.includes(Buffer.from(value).toString("base64")));
    }
    deepEqual(
      diff.topologies.map(({ live, toApply }) => [live?.["data"], toApply?.["data"]]),
      cells.map(() => [{ key: "*** (1)" }, { key: "*** (2)" }]),
    );
  });

  it("shows what would be created where nothing is yet", async () => {
    await put(
      "federatedconfigmaps",
      federatedConfigMap("new", "one", { cells: ["rz00a"], mask: [] }),
    );
    await waitForRows("federatedconfigmaps", "new", { rz00a: "NotReleased" });
    const diff = await inspect<PlacementDiff>("federatedconfigmaps", "new", "diff");
    const [only] = diff.topologies;
    deepEqual([only?.operation, only?.live, only?.lastWritten], ["create", null, null]);
    deepEqual(only?.toApply?.["data"], { value: "one" });
    match(only?.messages.join("\n") ?? "", /never created, and not in the mask/);
  });

  it("answers only those who may get the object, and in Kubernetes' words", async () => {
    const path = `/namespaces/${namespace}/federatedconfigmaps/app/explain`;
    const refused = await ask(path, "eve");
    equal(refused.status, 403);
    equal(
      refused.body["message"],
      `federatedconfigmaps.types.kubefed.io "app" is forbidden: User "eve" cannot get resource "federatedconfigmaps" in API group "types.kubefed.io" in the namespace "${namespace}"`,
    );
    const { client } = federation.controlPlane;
    const rbac = { group: "rbac.authorization.k8s.io", version: "v1", namespace };
    await client.create(
      { ...rbac, resource: "roles" },
      {
        metadata: { name: "reader" },
        rules: [
          { apiGroups: ["types.kubefed.io"], resources: ["federatedconfigmaps"], verbs: ["get"] },
        ],
      },
    );
    await client.create(
      { ...rbac, resource: "rolebindings" },
      {
        metadata: { name: "reader" },
        roleRef: { apiGroup: rbac.group, kind: "Role", name: "reader" },
        subjects: [{ apiGroup: rbac.group, kind: "User", name: "eve" }],
      },
    );
    await waitFor("eve to be let in", async () =>
      (await ask(path, "eve")).status === 200 ? true : undefined,
    );
    const other = await ask("/namespaces/default/federatedconfigmaps/app/explain", "eve");
    equal(other.status, 403);
  });

  it("answers what cannot be told with a Status", async () => {
    const at = (path: string): Promise<Answer> => ask(`/namespaces/${namespace}${path}`);
    const told = async (path: string): Promise<unknown> => {
      const { status, body } = await at(path);
      equal(body["kind"], "Status");
      return [status, body["reason"]];
    };
    deepEqual(await told("/federatedconfigmaps/none/explain"), [404, "NotFound"]);
    deepEqual(await told("/federatedunicorns/none/explain"), [404, "NotFound"]);
    deepEqual(await told("/federatedconfigmaps/app/other"), [404, "NotFound"]);
    deepEqual(await told("/federatedconfigmaps/app/diff?topology=none"), [404, "NotFound"]);
    deepEqual(await told("/federatedconfigmaps/app/diff?revision=-1"), [400, "BadRequest"]);
    const { body } = await at("/federatedconfigmaps/app/diff?revision=99");
    match(JSON.stringify(body["message"]), /revision 99 .* kept are 1, 2"$/);
    await federation.stop();
    deepEqual(await told("/federatedconfigmaps/app/explain"), [503, "ServiceUnavailable"]);
    await federation.start();
  });
});
