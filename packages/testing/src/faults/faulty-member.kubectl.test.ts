import { equal, ok } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { waitFor } from "../e2e/wait-for.ts";
import { faulty, FaultyFederation, kubeFedClusters, sound } from "./faulty-federation.ts";
import type { Fault } from "./hostile-proxy.ts";

// What the issue promises: trouble has a name within so long.
const namedWithinMs = 30_000;
// A watch that failed, or a write that was refused, is tried again after 30 s at the latest.
const healedWithinMs = 60_000;

let federation: FaultyFederation;
before(async () => {
  federation = await FaultyFederation.open();
  await federation.create("first", "1");
  await federation.waitForValue(faulty, "first", "1");
  await federation.waitForValue(sound, "first", "1");
});
after(() => federation[Symbol.asyncDispose]());

/** The words by which a fault is known. */
interface Naming {
  readonly condition: RegExp;
  readonly event: RegExp;
  readonly metric: RegExp;
}

/** Waits until conditions, events and metrics all name the trouble. */
async function waitForName({ condition, event, metric }: Naming): Promise<void> {
  const signs = async () => ({
    condition: condition.test(await federation.conditions()),
    event: event.test(await federation.events()),
    metric: metric.test(federation.exposition()),
  });
  try {
    await waitFor(
      "the trouble to be named",
      async () => (Object.values(await signs()).every(Boolean) ? true : undefined),
      namedWithinMs,
    );
  } catch (error) {
    const seen = [await federation.conditions(), await federation.events()].join("\n");
    throw new Error(`${JSON.stringify(await signs())}\n${seen}`, { cause: error });
  }
}

async function waitUntilSound(): Promise<void> {
  await waitFor(
    "the member to be well",
    async () => {
      const conditions = await federation.conditions();
      const isWell = conditions.includes("Ready=True") && !conditions.includes("Degraded");
      return isWell && !federation.exposition().includes(`cellplane_member_problem{cluster="hz-a"`)
        ? true
        : undefined;
    },
    healedWithinMs,
  );
}

/** One fault from beginning to end. */
async function suffer(fault: Fault, name: string, naming: Naming): Promise<void> {
  federation.proxy.set(fault);
  await federation.create(name, "1");
  await federation.create(`${name}-held`, "1", [sound]);
  // The other member does not even notice.
  await federation.waitForValue(sound, name, "1", 15_000);
  await federation.waitForValue(sound, `${name}-held`, "1", 15_000);
  await waitForName(naming);
  federation.proxy.set({ kind: "none" });
  await federation.waitForValue(faulty, name, "1", healedWithinMs);
  await waitUntilSound();
  equal(await federation.inMember(faulty, `${name}-held`), undefined);
  ok(!federation.proxy.writes.some((write) => write.includes(`${name}-held`)));
}

const problem = (reason: string): RegExp =>
  new RegExp(`cellplane_member_problem\\{cluster="hz-a",reason="${reason}"\\} 1`);

const offline: Naming = {
  condition: /Offline=True ClusterNotReachable: cluster is not reachable: /,
  event: /Warning RetrievingClusterHealthFailed: /,
  metric: problem("RetrievingClusterHealthFailed"),
};

describe("a member in trouble", () => {
  it("answers slowly", () => suffer({ kind: "slow", delayMs: 5000 }, "slow", offline));

  it("does not answer", () => suffer({ kind: "hang" }, "hang", offline));

  it("resets every connection", () => suffer({ kind: "reset" }, "reset", offline));

  it("closes every connection", () => suffer({ kind: "halfClose" }, "half-close", offline));

  it("has a certificate that is not valid yet, for its clock is off", () =>
    suffer({ kind: "clockOff" }, "clock", {
      ...offline,
      condition: /its certificate is not valid yet; one of the clocks may be wrong/,
    }));

  it("has enough, and says when to come again", () =>
    suffer({ kind: "answer", status: 429, retryAfterSeconds: 2 }, "throttled", {
      condition: /Degraded=True Throttled: it answers with 429/,
      event: /Warning Throttled: /,
      metric: /cellplane_member_backoffs_total\{cluster="hz-a",cause="429"\} [1-9]/,
    }));

  it("breaks with 500", () =>
    suffer({ kind: "answer", status: 500 }, "broken", {
      condition: /Degraded=True (Throttled|WatchFailed)/,
      event: /Warning (Throttled|WatchFailed): /,
      metric: problem("(Throttled|WatchFailed)"),
    }));

  it("forgets its history with each watch", async () => {
    federation.proxy.set({ kind: "goneWatch" });
    await federation.create("gone", "1");
    await federation.waitForValue(sound, "gone", "1", 15_000);
    // It lists instead, so the write arrives all the same.
    await federation.waitForValue(faulty, "gone", "1", healedWithinMs);
    federation.proxy.set({ kind: "none" });
    await federation.drift(faulty, "gone", "changed");
    await federation.waitForValue(faulty, "gone", "1", healedWithinMs);
    await waitUntilSound();
  });

  it("holds back the events of its watches", async () => {
    // The watch is open and tells, whatever was before: what it holds back is not shown by a first list.
    await federation.create("told", "1");
    await federation.waitForValue(faulty, "told", "1", 15_000);
    await federation.drift(faulty, "told", "changed");
    await federation.waitForValue(faulty, "told", "1", healedWithinMs);
    federation.proxy.set({ kind: "staleWatch" });
    await federation.create("stale", "1");
    await federation.waitForValue(sound, "stale", "1", 15_000);
    await federation.waitForValue(faulty, "stale", "1", 15_000);
    await waitForName({
      condition: /Degraded=True WatchStale: the watch of .*configmaps/,
      event: /Warning WatchStale: /,
      metric: problem("WatchStale"),
    });
    // What the watch does not tell, the list shows.
    await federation.drift(faulty, "stale", "changed");
    await federation.waitForValue(faulty, "stale", "1", healedWithinMs);
    federation.proxy.set({ kind: "none" });
    await federation.drift(faulty, "stale", "changed again");
    await federation.waitForValue(faulty, "stale", "1", healedWithinMs);
  });

  it("takes away what the control plane may do", async () => {
    const { client } = federation.members[faulty] ?? federation.controlPlane;
    const bindings = {
      group: "rbac.authorization.k8s.io",
      version: "v1",
      resource: "clusterrolebindings",
    };
    const { items } = await client.list(bindings);
    const own = items.find(({ metadata }) => metadata.name?.includes("hz-a"));
    ok(own, "the binding that joining made");
    await client.delete(bindings, own.metadata.name ?? "");
    federation.proxy.set({ kind: "reset" });
    federation.proxy.set({ kind: "none" });
    await federation.create("denied", "1");
    await federation.waitForValue(sound, "denied", "1", 15_000);
    await waitForName({
      condition: /Ready=False ClusterNotReady.*403|Degraded=True Forbidden: .*403/,
      event: /Warning (CredentialForbidden|Forbidden): /,
      metric: problem("(CredentialForbidden|Forbidden)"),
    });
    const { metadata, ...rest } = own;
    await client.create(bindings, { ...rest, metadata: { name: metadata.name ?? "" } });
    await federation.waitForValue(faulty, "denied", "1", healedWithinMs);
    await waitUntilSound();
  });

  it("refuses a credential until a good one is put in its place, without a restart", async () => {
    const secrets = { group: "", version: "v1", resource: "secrets" };
    const path = { ...secrets, namespace: kubeFedClusters.namespace ?? "" };
    const cluster = await federation.client.get(kubeFedClusters, faulty);
    const { secretRef } = cluster["spec"] as { readonly secretRef: { readonly name: string } };
    const secret = await federation.client.get(path, secretRef.name);
    const good = secret["data"] as Readonly<Record<string, string>>;
    const bad = { data: { token: Buffer.from("expired").toString("base64") } };
    await federation.client.patch(path, secretRef.name, { type: "merge", body: bad });
    await federation.create("expired", "1");
    await federation.waitForValue(sound, "expired", "1", 15_000);
    await waitForName({
      condition: /Ready=False ClusterNotReady: .*refused the credential \(401\)/,
      event: /Warning CredentialRefused: /,
      metric: problem("CredentialRefused"),
    });
    ok(!(await federation.events()).includes(good["token"] ?? "?"));
    await federation.client.patch(path, secretRef.name, { type: "merge", body: { data: good } });
    await federation.waitForValue(faulty, "expired", "1", healedWithinMs);
    await waitUntilSound();
  });

  it("is switched off and on with the gate PushReconciler, without a restart", async () => {
    const gate = (configuration: "Enabled" | "Disabled") =>
      federation.configure({ featureGates: [{ name: "PushReconciler", configuration }] });
    await gate("Disabled");
    await waitFor("the types to stop", async () => {
      const path = { ...kubeFedClusters, resource: "federatedtypeconfigs" };
      const { status } = await federation.client.get(path, "configmaps");
      const { propagationController } = status as { readonly propagationController: string };
      return propagationController === "NotRunning" ? true : undefined;
    });
    await federation.create("gated", "1");
    await federation.drift(sound, "first", "changed");
    equal(await federation.inMember(sound, "gated"), undefined);
    await gate("Enabled");
    await federation.waitForValue(sound, "gated", "1");
    await federation.waitForValue(sound, "first", "1");
    await federation.waitForValue(faulty, "gated", "1", healedWithinMs);
  });
});
