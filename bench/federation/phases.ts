import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { KubernetesObject } from "@cellplane/apimachinery";
import { countRequests, logEnd } from "../propagation/audit-count.ts";
import {
  configMaps,
  deployments,
  federatedConfigMaps,
  federatedDeployments,
} from "../propagation/objects.ts";
import { percentile } from "../support/percentile.ts";
import { Arrivals } from "./arrivals.ts";
import type { Fleet } from "./fleet.ts";
import { configMapEverywhere, deploymentEverywhere } from "./objects.ts";

/** Times of single changes, in milliseconds. */
export interface Delay {
  readonly samples: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
}

/** Many objects at once. */
export interface Rollout {
  readonly createdMs: number;
  /** Until the last object's status said that it is in all members. */
  readonly totalMs: number;
  readonly memberWritesPerSecond: number;
  /** Requests to one member for each object, by verb and resource. */
  readonly requestsPerObject: Readonly<Record<string, number>>;
}

/** The control plane's start with everything in step. */
export interface Restart {
  /** From the start of the process until a new object was in all members. */
  readonly untilWorkedMs: number;
  /** Writes for the objects that were in step, to the control plane itself and to all members. */
  readonly ownWrites: number;
  readonly memberWrites: number;
}

// Between two samples, so that each begins on an idle control plane.
const pauseMs = 100;
const warmUps = 20;
const writers = 16;
const settleMs = 2000;

/** From `create` of a federated object to its presence in the first and in the last member. */
export async function measurePresence(
  { controlPlane, members }: Fleet,
  samples: number,
): Promise<{ readonly first: Delay; readonly last: Delay }> {
  await using seen = await Arrivals.open(members, configMaps, nameOf);
  const first: number[] = [];
  const last: number[] = [];
  for (let i = -warmUps; i < samples; i++) {
    const name = `single-${i + warmUps}`;
    const arrived = seen.until(name);
    const start = performance.now();
    await controlPlane.client.create(federatedConfigMaps, configMapEverywhere(name));
    const { firstMs, lastMs } = await arrived;
    if (i >= 0) first.push(firstMs - start);
    if (i >= 0) last.push(lastMs - start);
    await delay(pauseMs);
  }
  return { first: summarize(first), last: summarize(last) };
}

/** A release step by step: from a mask that is wider by one member to the new version there. */
export async function measureReleaseStep(
  { controlPlane: { client }, members }: Fleet,
  samples: number,
): Promise<Delay> {
  const name = "release";
  await using seen = await Arrivals.open(members, configMaps, (object, site) => {
    const data = object["data"] as { readonly version?: string } | undefined;
    return object.metadata.name === name ? `${site} ${data?.version ?? ""}` : undefined;
  });
  const created = Promise.all(members.map((member) => seen.until(`${member.name} `, 1)));
  await client.create(federatedConfigMaps, configMapEverywhere(name));
  await created;
  const times: number[] = [];
  for (let version = 1; times.length < samples; version++) {
    for (const [index, member] of members.entries()) {
      const clusters = members.slice(0, index + 1).map((each) => ({ name: each.name }));
      const template = { data: { version: String(version) } };
      const body = { spec: { template, placementMask: { clusters } } };
      const arrived = seen.until(`${member.name} ${version}`, 1);
      const start = performance.now();
      await client.patch(federatedConfigMaps, name, { type: "merge", body });
      times.push((await arrived).lastMs - start);
      await delay(pauseMs);
      if (times.length === samples) break;
    }
  }
  return summarize(times);
}

/** From a change of a member's status to the federated object's. */
export async function measureStatus(
  { controlPlane, members }: Fleet,
  samples: number,
): Promise<Delay> {
  const name = "status";
  const [member] = members;
  if (!member) throw new Error("Cannot measure without a member");
  await using placed = await Arrivals.open(members, deployments, nameOf);
  const everywhere = placed.until(name);
  await controlPlane.client.create(federatedDeployments, deploymentEverywhere(name));
  await everywhere;
  await delay(settleMs);
  await using seen = await Arrivals.open([controlPlane], federatedDeployments, (object) =>
    collisionsIn(object, member.name),
  );
  const times = [];
  for (let i = 1; i <= samples; i++) {
    const body = { status: { collisionCount: i } };
    const arrived = seen.until(String(i));
    const start = performance.now();
    await member.client.patch(deployments, name, { type: "merge", body, subresource: "status" });
    times.push((await arrived).lastMs - start);
    await delay(pauseMs);
  }
  return summarize(times);
}

/** Creates many federated objects as fast as they are taken, until all are in all members. */
export async function measureRollout(
  { controlPlane, members }: Fleet,
  objects: number,
): Promise<Rollout> {
  const all = `${members.length}/${members.length}`;
  await using seen = await Arrivals.open([controlPlane], federatedConfigMaps, (object) => {
    const status = object["status"] as { readonly released?: string } | undefined;
    return status?.released === all ? object.metadata.name : undefined;
  });
  const names = Array.from({ length: objects }, (_, i) => `rollout-${i}`);
  const arrived = Promise.all(names.map((name) => seen.until(name)));
  const [member] = members;
  const log = member?.auditLog ?? "";
  const end = logEnd(log);
  const start = performance.now();
  const queue = names.values();
  const write = async (): Promise<void> => {
    for (const name of queue) {
      await controlPlane.client.create(federatedConfigMaps, configMapEverywhere(name));
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  const createdMs = performance.now() - start;
  const totalMs = Math.max(...(await arrived).map(({ lastMs }) => lastMs)) - start;
  await delay(settleMs);
  const counts = await countRequests(log, end);
  return {
    createdMs,
    totalMs,
    memberWritesPerSecond: (objects * members.length) / (totalMs / 1000),
    requestsPerObject: Object.fromEntries(
      Array.from(counts, ([what, count]) => [what, count / objects]),
    ),
  };
}

/** Starts the control plane again; the last object made tells when all others have been looked at. */
export async function measureRestart(fleet: Fleet): Promise<Restart> {
  const { members } = fleet;
  const ends = members.map(({ auditLog }) => logEnd(auditLog));
  await using seen = await Arrivals.open(members, configMaps, nameOf);
  const start = performance.now();
  await fleet.restart();
  const name = "zz-after-restart";
  const arrived = seen.until(name);
  await fleet.controlPlane.client.create(federatedConfigMaps, configMapEverywhere(name));
  const untilWorkedMs = (await arrived).lastMs - start;
  await delay(settleMs);
  const own = await countRequests(fleet.controlPlane.auditLog, 0, "system:cellplane-controllers");
  let memberWrites = 0;
  for (const [index, { auditLog }] of members.entries()) {
    memberWrites += writesIn(await countRequests(auditLog, ends[index] ?? 0), "configmaps") - 1;
  }
  const kinds = ["federatedconfigmaps", "propagatedversions", "federatedrevisions"];
  const ownWrites = kinds.reduce((sum, kind) => sum + writesIn(own, kind) - 1, 0);
  return { untilWorkedMs, ownWrites, memberWrites };
}

function writesIn(counts: ReadonlyMap<string, number>, resource: string): number {
  const verbs = ["create", "update", "patch", "delete"];
  return verbs.reduce((sum, verb) => sum + (counts.get(`${verb} ${resource}`) ?? 0), 0);
}

function nameOf(object: KubernetesObject): string | undefined {
  return object.metadata.name;
}

interface WithClusters {
  readonly clusters?: readonly {
    readonly name: string;
    readonly remoteStatus?: { readonly collisionCount?: number };
  }[];
}

function collisionsIn(object: KubernetesObject, cluster: string): string | undefined {
  const status = object["status"] as WithClusters | undefined;
  const count = status?.clusters?.find(({ name }) => name === cluster)?.remoteStatus
    ?.collisionCount;
  return count === undefined ? undefined : String(count);
}

function summarize(times: readonly number[]): Delay {
  return {
    samples: times.length,
    p50Ms: percentile(times, 0.5),
    p90Ms: percentile(times, 0.9),
    p99Ms: percentile(times, 0.99),
  };
}
