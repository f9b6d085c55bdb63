import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { KubernetesObject } from "@cellplane/apimachinery";
import { percentile } from "../support/percentile.ts";
import { countRequests, logEnd } from "./audit-count.ts";
import type { Fleet } from "./fleet.ts";
import {
  configMaps,
  deployments,
  federatedConfigMap,
  federatedConfigMaps,
  federatedDeployment,
  federatedDeployments,
} from "./objects.ts";
import { Sightings } from "./sightings.ts";

/** Times of single changes, in milliseconds. */
export interface Delay {
  readonly samples: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A rollout of many objects at once. */
export interface Rollout {
  readonly objects: number;
  /** Until all are created, and until the last is in all members. */
  readonly createdMs: number;
  readonly totalMs: number;
  /** Requests of the control plane to one member for each object, by verb and resource. */
  readonly requestsPerObject: Readonly<Record<string, number>>;
}

// Between two samples, so that each begins on an idle control plane.
const pauseMs = 50;
const writers = 16;
const settleMs = 2000;

/** From `apply` of a federated ConfigMap to its presence in all members. */
export async function measureApply(fleet: Fleet, samples: number): Promise<Delay> {
  await using seen = await Sightings.open(fleet.members, configMaps, nameOf);
  const times = [];
  for (let i = 0; i < samples; i++) {
    const name = `idle-${i}`;
    const body = federatedConfigMap(name);
    const arrived = seen.until(name);
    const start = performance.now();
    await fleet.controlPlane.client.patch(
      federatedConfigMaps,
      name,
      { type: "apply", body },
      { fieldManager: "bench", force: true },
    );
    times.push((await arrived) - start);
    await delay(pauseMs);
  }
  return summarize(times);
}

/** From a change of a member's Deployment status to the federated object's status. */
export async function measureStatus(fleet: Fleet, samples: number): Promise<Delay> {
  const name = "status";
  const [member] = fleet.members;
  if (!member) throw new Error("Cannot measure without a member");
  await using placed = await Sightings.open(fleet.members, deployments, nameOf);
  await fleet.controlPlane.client.create(federatedDeployments, federatedDeployment(name));
  await placed.until(name);
  // The try-out members play the Deployment's progress first.
  await delay(settleMs);
  await using seen = await Sightings.open([fleet.controlPlane], federatedDeployments, (object) =>
    collisionsIn(object, member.name),
  );
  const times = [];
  for (let i = 1; i <= samples; i++) {
    const body = { status: { collisionCount: i } };
    const arrived = seen.until(String(i));
    const start = performance.now();
    await member.client.patch(deployments, name, { type: "merge", body, subresource: "status" });
    times.push((await arrived) - start);
    await delay(pauseMs);
  }
  return summarize(times);
}

/** Creates many federated ConfigMaps as fast as they are taken, until all are in all members. */
export async function measureRollout(fleet: Fleet, objects: number): Promise<Rollout> {
  await using seen = await Sightings.open(fleet.members, configMaps, nameOf);
  const names = Array.from({ length: objects }, (_, i) => `rollout-${i}`);
  const arrived = Promise.all(names.map((name) => seen.until(name)));
  const logEnds = fleet.members.map(({ auditLog }) => logEnd(auditLog));
  const start = performance.now();
  const queue = names.values();
  const write = async (): Promise<void> => {
    for (const name of queue) {
      await fleet.controlPlane.client.create(federatedConfigMaps, federatedConfigMap(name));
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  const createdMs = performance.now() - start;
  const totalMs = Math.max(...(await arrived)) - start;
  // Status and what else follows an object's arrival counts as its requests too.
  await delay(settleMs);
  const [member] = fleet.members;
  const counts = await countRequests(member?.auditLog ?? "", logEnds[0] ?? 0);
  const requestsPerObject = Object.fromEntries(
    Array.from(counts, ([what, count]) => [what, count / objects]),
  );
  return { objects, createdMs, totalMs, requestsPerObject };
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
    p99Ms: percentile(times, 0.99),
  };
}
