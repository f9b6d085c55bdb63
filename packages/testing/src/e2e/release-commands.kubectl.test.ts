import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type JsonValue, parseYaml } from "@cellplane/apimachinery";
import type { PlacementDiff, PlacementExplanation } from "@cellplane/federation";
import { FederationFixture } from "./federation-fixture.ts";
import { CommandLineSession } from "../in-process/command-line-session.suite.ts";
import type { ProgramResult } from "./run-program.ts";
import { cellNames, federatedConfigMap, federatedDeployment, namespace } from "./tenant.ts";
import { waitForObject, waitUntilGone } from "./wait-for.ts";

const all = (row: string): Readonly<Record<string, string>> =>
  Object.fromEntries(cellNames.map((name) => [name, row]));

describe("the commands that steer one federated object", () => {
  let fixture: FederationFixture;
  const session = new CommandLineSession();
  before(async () => {
    fixture = await FederationFixture.openJoined();
    await fixture.kubectl.apply([federatedDeployment("txnflow", "txnflow:1.0")]);
    await fixture.waitForRows("federateddeployments", "txnflow", all("1"));
  });
  after(async () => {
    await session[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
  });

  const cellplane = (...args: readonly string[]): Promise<ProgramResult> =>
    session.run([...args, "--kubeconfig", fixture.controlPlane.kubeconfig]);
  const run = (...args: readonly string[]): Promise<ProgramResult> =>
    cellplane(...args, "-n", namespace);
  const told = async (code: number, ...args: readonly string[]): Promise<string> => {
    const result = await run(...args);
    equal(result.code, code, `cellplane ${args.join(" ")}: ${result.stderr}${result.stdout}`);
    return code === 0 || args[0] === "diff" ? result.stdout + result.stderr : result.stderr;
  };
  const explain = async (object: string): Promise<PlacementExplanation> =>
    JSON.parse(await told(0, "explain-placement", object, "-o", "json")) as PlacementExplanation;
  const rows = (object: string, expected: Readonly<Record<string, string>>): Promise<unknown> => {
    const [plural = "", name = ""] = object.split("/");
    return fixture.waitForRows(plural, name, expected);
  };

  it("sets a mask that is in effect when the command ends, under every name of the kind", async () => {
    const set = await told(0, "mask", "set", "deployment/txnflow", "--cells", "rz00a,nowhere");
    match(set, /mask set: only rz00a, nowhere may change; in effect at generation 2\n/);
    match(set, /^Warning: spec\.placementMask\.topologies\[1\]\.name: "nowhere" is not in/m);
    const spec = JSON.parse(
      await fixture.kubectl.ok(["-n", namespace, "get", "fdeploy", "txnflow", "-o", "json"]),
    ) as { readonly status: { readonly observedGeneration: number } };
    ok(spec.status.observedGeneration >= 2);
    const changed = federatedDeployment("txnflow", "txnflow:1.1", { mask: ["rz00a"] });
    await fixture.kubectl.apply([changed]);
    await rows("federateddeployments/txnflow", { ...all("1 Held behind 1"), rz00a: "2" });
    const names = ["Deployment", "deploy", "FDEPLOY", "federateddeployments", "deployments.apps"];
    const shown = await Promise.all(
      names.map((name) => told(0, "mask", "show", `${name}/txnflow`)),
    );
    for (const each of shown) {
      match(each, /^Mask: only rz00a may change; held: Freeze\n/);
      match(each, /^rz00b +no +1 +1 +no +Held$/m);
    }
  });

  it("tells which revisions there are, who stands on each, and which change a cell", async () => {
    const listed = await told(0, "history", "deployment/txnflow", "--cell", "rz00a");
    match(listed, /^REVISION +CREATED +AGE +HASH +CELLS +CHANGES rz00a$/m);
    match(listed, /^2 \(newest, desired\) +\S+ +\S+ +\w{12} +rz00a +yes$/m);
    match(listed, /^1 +\S+ +\S+ +\w{12} +rz00b,rz01a,rz01b +\(oldest kept\)$/m);
  });

  it("compares three states of a drifted member, and says by its exit code that they differ", async () => {
    await fixture.inCellOk("rz01b", ["scale", "deployment", "txnflow", "--replicas=9"]);
    const drifted = { ...all("1 Held behind 1"), rz00a: "2", rz01b: "1 Held behind 1 drifted" };
    await rows("federateddeployments/txnflow", drifted);
    equal(await told(0, "diff", "deployment/txnflow", "--cell", "rz00a"), "");
    const diff = await told(1, "diff", "deployment/txnflow", "--cell", "rz01b");
    match(diff, /^# rz01b on hz-b \(Deployment bank-prod-rz01b\/txnflow\): update from revision 1/);
    match(
      diff,
      /last-written {2}revision 1\n\+\+\+ rz01b\/live\n[^]*-  replicas: 2\n\+  replicas: 9/,
    );
    match(diff, /\+\+\+ rz01b\/to-apply {2}revision 2\n[^]*-  replicas: 9\n\+  replicas: 2/);
    match(diff, /-      - image: txnflow:1\.0\n\+      - image: txnflow:1\.1/);
    const back = await told(1, "diff", "deployment/txnflow", "--cell", "rz00a", "--revision", "1");
    match(back, /\+      - image: txnflow:1\.0/);
    match(
      await told(2, "diff", "deployment/txnflow", "--revision", "9"),
      /Error from server \(BadRequest\): .*kept are 1, 2/,
    );
    match(await told(2, "diff", "deployment/none"), /NotFound.*"none" not found/);
    match(await told(2, "diff", "deployment/txnflow", "--colour"), /unknown option/);
  });

  it("rolls one cell back, says how it ends, and ends it by one write", async () => {
    match(
      await told(1, "rollback", "deployment/txnflow", "--cell", "rz00a", "--to", "9"),
      /Cannot roll back "rz00a" to revision 9 as it is not kept: kept are 1, 2\n/,
    );
    const rolled = await told(0, "rollback", "deployment/txnflow", "--cell", "rz00a");
    match(
      rolled,
      /rolls back rz00a from revision 2 to 1; all others are held\. End it with: cellplane rollback deployment\/txnflow --undo/,
    );
    await rows("federateddeployments/txnflow", { ...all("1"), rz01b: "1 Held drifted" });
    match(await told(1, "mask", "clear", "deployment/txnflow"), /spec\.placementMask: Forbidden/);
    const ended = await told(0, "rollback", "deployment/txnflow", "--undo");
    match(ended, /is no longer rolled back; rz00a stays at 1 until a mask names it/);
    await rows("federateddeployments/txnflow", { ...all("2"), rz00a: "1 Held behind 1" });
    match(await told(1, "rollback", "deployment/txnflow", "--undo"), /is not rolled back/);
    await told(0, "mask", "clear", "deployment/txnflow");
    await rows("federateddeployments/txnflow", all("2"));
  });

  it("explains each row: why it is placed or not, held or not, and what it waits for", async () => {
    const only = { cells: ["rz00a", "rz01a", "ghost"], mask: ["rz00a"] };
    await fixture.inCellOk("rz01a", ["create", "configmap", "rows", "--from-literal=value=own"]);
    await fixture.kubectl.apply([federatedConfigMap("rows", "one", only)]);
    const created = { ghost: "TopologyNotFound", rz00a: "1", rz01a: "NotReleased" };
    await rows("federatedconfigmaps/rows", created);
    const { topologies } = await explain("configmap/rows");
    deepEqual(
      topologies.map(({ topology, placed, mask, status }) => [
        topology,
        placed.rule,
        mask.rule,
        status,
      ]),
      [
        ["ghost", "NotKnown", "NotNamed", "TopologyNotFound"],
        ["rz00a", "Named", "Named", ""],
        ["rz00b", "NotNamed", "NotNamed", ""],
        ["rz01a", "Named", "NotNamed", "NotReleased"],
        ["rz01b", "NotNamed", "NotNamed", ""],
      ],
    );
    const text = await told(0, "explain-placement", "configmap/rows", "--cell", "rz01a");
    match(text, /^rz01a on hz-a\n {2}It is placed: named in spec\.placement\.topologies\n/m);
    match(text, /^ {2}It waits for the mask to include it$/m);

    // Out of placement and of the mask: it stays until the mask lets it go.
    const moved = federatedConfigMap("rows", "one", { cells: ["rz01a"], mask: [] });
    await fixture.kubectl.apply([moved]);
    await rows("federatedconfigmaps/rows", { rz00a: "1 PendingRemoval", rz01a: "NotReleased" });
    const going = await told(0, "explain-placement", "configmap/rows", "--cell", "rz00a");
    match(going, /It is not placed: spec\.placement\.topologies does not name it/);
    match(going, /It waits for the mask to include it, then it is deleted there/);
    match(
      await told(1, "diff", "configmap/rows", "--cell", "rz00a"),
      /: delete from revision 1, once/,
    );
  });

  it("explains a cluster that is away, and shows the rendering instead of the member's word", async () => {
    await fixture.kubectl.apply([federatedConfigMap("away", "one", { cells: ["rz00b"] })]);
    await rows("federatedconfigmaps/away", { rz00b: "1" });
    await told(0, "mask", "set", "configmap/away", "--hold-all");
    await fixture.kubectl.apply([
      federatedConfigMap("away", "two", { cells: ["rz00b"], mask: [] }),
    ]);
    await rows("federatedconfigmaps/away", { rz00b: "1 Held behind 1" });
    fixture.member("hz-b").pause();
    try {
      await fixture.waitForCluster("hz-b", "NotReady");
      await rows("federatedconfigmaps/away", { rz00b: "1 ClusterNotReady behind 1" });
      const text = await told(0, "explain-placement", "configmap/away");
      match(text, /It waits for cluster "hz-b" to be Ready again/);
      const diff = await told(1, "diff", "configmap/away");
      match(diff, /, by our own rendering\n#   cluster "bank-prod\.rz00b" is not ready/);
      match(diff, /\+  value: two/);

      // A deletion that gives the cluster up leaves a tombstone.
      await fixture.kubectl.ok([
        ...["-n", namespace, "annotate", "fcm", "away"],
        "federation.cellplane.io/abandon=rz00b",
      ]);
      await fixture.kubectl.ok(["-n", namespace, "delete", "fcm", "away", "--timeout=40s"]);
      const { stdout, code } = await cellplane("get", "tombstones");
      equal(code, 0);
      match(stdout, /^CLUSTER +KIND +TARGET +AGE +WAITS FOR\n/);
      match(
        stdout,
        /^bank-prod\.rz00b +ConfigMap +bank-prod-rz00b\/away +\S+ +the cluster to be Ready$/m,
      );
      match(
        (await cellplane("get", "tombstones", "-o", "wide")).stdout,
        /FederatedConfigMap bank-prod\/away/,
      );
      match(
        (await cellplane("get", "tombstones", "-o", "name")).stdout,
        /^tombstone\.cellplane\.io\/configmap-away-/,
      );
    } finally {
      fixture.member("hz-b").unpause();
    }
    await waitUntilGone(fixture.inCell("rz00b", "configmaps", "away"));
    await waitForTombstones();
  });

  const waitForTombstones = async (): Promise<void> => {
    const { client } = fixture.controlPlane;
    const path = { group: "cellplane.io", version: "v1alpha1", resource: "tombstones" };
    for (const { metadata } of (await client.list(path)).items) {
      const home = { ...path, namespace: metadata.namespace ?? "" };
      await waitUntilGone({ client, path: home, name: metadata.name ?? "" });
    }
  };

  it("overwrites what is later only after consent, and says before what that would undo", async () => {
    await fixture.kubectl.apply([federatedConfigMap("later", "one", { cells: ["rz00a"] })]);
    await rows("federatedconfigmaps/later", { rz00a: "1" });
    const later = ["annotate", "--overwrite", "configmap", "later"];
    const patch = ["patch", "configmap", "later", "--type=merge", "-p"];
    await fixture.inCellOk("rz00a", [...later, "federation.cellplane.io/generation=99"]);
    await rows("federatedconfigmaps/later", { rz00a: "1 AheadOfControlPlane" });
    await fixture.inCellOk("rz00a", [...patch, '{"data":{"value":"later"}}']);
    match(
      await told(0, "explain-placement", "configmap/later"),
      /It waits for your consent .*: cellplane resume configmap\/later --accept-older/,
    );
    const asked = await told(1, "resume", "configmap/later", "--accept-older");
    match(
      asked,
      /^rz00a: generation 99, revision 1, is overwritten by generation 1, revision 1\n {4}changed \/data\/value\n/,
    );
    match(asked, /Error: Cannot ask .*: consent with --yes\n$/);
    const resumed = await told(0, "resume", "configmap/later", "--accept-older", "--yes");
    match(resumed, /resumes: members up to generation 99 may be overwritten/);
    const place = fixture.inCell("rz00a", "configmaps", "later");
    await waitForObject(place, (object) => object["data"], { value: "one" });
    await rows("federatedconfigmaps/later", { rz00a: "1" });
    match(await told(0, "resume", "configmap/later", "--accept-older"), /nothing to resume/);
  });

  it("answers another tenant's user with nothing but 403", async () => {
    const { kubectl } = fixture;
    await kubectl.ok(["create", "namespace", "rival"]);
    await kubectl.ok(["-n", "rival", "create", "serviceaccount", "eve"]);
    const token = (await kubectl.ok(["-n", "rival", "create", "token", "eve"])).trim();
    const own = ["--role=reader", "--serviceaccount=rival:eve"];
    const may = ["--verb=get,list", "--resource=federateddeployments.types.kubefed.io"];
    await kubectl.ok(["-n", "rival", "create", "role", "reader", ...may]);
    await kubectl.ok(["-n", "rival", "create", "rolebinding", "reader", ...own]);
    const theirs = join(fixture.folder, "eve.kubeconfig");
    const admin = parseYaml(await readFile(fixture.controlPlane.kubeconfig, "utf8"));
    await writeFile(theirs, JSON.stringify(withToken(admin as unknown as KubeconfigObject, token)));
    const asEve = (...args: readonly string[]): Promise<ProgramResult> =>
      session.run([...args, "--kubeconfig", theirs]);
    for (const command of ["explain-placement", "history"]) {
      const { code, stdout, stderr } = await asEve(command, "deployment/txnflow", "-n", namespace);
      deepEqual([code, stdout], [1, ""]);
      match(
        stderr,
        /^Error from server \(Forbidden\): federateddeployments\.types\.kubefed\.io "txnflow" is forbidden: User "system:serviceaccount:rival:eve" cannot get/,
      );
    }
    equal((await asEve("diff", "deployment/txnflow", "-n", namespace)).code, 2);
    const mine = await asEve("explain-placement", "deployment/none", "-n", "rival");
    match(mine.stderr, /\(NotFound\)/);
  });

  it("keeps the machine-readable forms of what it prints", async () => {
    const explanation = await explain("deployment/txnflow");
    equal(explanation.kind, "PlacementExplanation");
    const yaml = parseYaml(await told(0, "explain-placement", "deployment/txnflow", "-o", "yaml"));
    equal((yaml as unknown as PlacementExplanation).topologies.length, cellNames.length);
    const diff = JSON.parse(
      await told(0, "diff", "deployment/txnflow", "-o", "json"),
    ) as PlacementDiff;
    deepEqual(
      diff.topologies.map(({ basis, toChange }) => [basis, toChange]),
      cellNames.map(() => ["NoWrite", []]),
    );
  });
});

interface KubeconfigObject {
  readonly users: readonly { readonly name: string; readonly user: JsonValue }[];
}

function withToken(kubeconfig: KubeconfigObject, token: string): KubeconfigObject {
  return { ...kubeconfig, users: kubeconfig.users.map(({ name }) => ({ name, user: { token } })) };
}
