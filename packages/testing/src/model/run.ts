import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import { waitFor } from "../e2e/wait-for.ts";
import { type Burst, converge } from "./converge.ts";
import { topologyIn } from "./expectation.ts";
import { seenBy } from "./model-placement.ts";
import { keyOf, type Kind, type Model, type ModelObject, type Spec } from "./model-state.ts";
import { ensureNamespace, foreignMarks, parsePlace } from "./member-edits.ts";
import { expectRefusal, refusesRollback } from "./refusals.ts";
import { memberScope } from "./observation.ts";
import { findUnexplained, type UnexplainedWrite } from "./oracle.ts";
import { federatedResource, payloads, renderSpec, withValue } from "./payload.ts";
import { type Change, changed, type Step } from "./steps.ts";
import { Timeline } from "./timeline.ts";
import { clusterTenants, inSystem, type World } from "./world.ts";

const prefix = "federation.cellplane.io/";
const cellsPath = { group: "cellplane.io", version: "v1alpha1", resource: "cells" };

type Saved = Pick<Model, "cells" | "objects" | "tombstones"> & {
  readonly tiers: Map<string, string>;
};

/** How steps are done. */
export interface RunSettings {
  /** How long the world may take to come to what the model says. */
  readonly withinMs: number;
  readonly isEndedByUnexplained?: boolean;
}

/** Steps done in a world and in its model alike. */
export class Run {
  readonly world: World;
  readonly model: Model;
  readonly timeline: Timeline = new Timeline();
  readonly #settings: RunSettings;
  readonly #stop = new AbortController();
  readonly #following: Promise<void>;
  #saved: Saved | undefined;

  constructor(world: World, settings: RunSettings) {
    this.world = world;
    this.#settings = settings;
    const names = Object.entries(clusterTenants);
    this.model = {
      clusters: new Map(
        names.map(([name, tenant]) => [name, { tenant, tier: "gold", isUp: true }]),
      ),
      cells: new Map(),
      objects: new Map(),
      tombstones: [],
      members: new Map(names.map(([name]) => [name, new Map()])),
    };
    this.timeline.noteTopologies(this.model, Date.now());
    this.#following = this.timeline.follow(() => world.client, this.#stop.signal);
  }

  /** Whether there is a state to restore. */
  get hasBackup(): boolean {
    return this.#saved !== undefined;
  }

  /**
   * Does one step and waits until the world has come to what the model says. Whether it could be
   * done: shortened lists have steps that no longer make sense.
   */
  async do(step: Step): Promise<"done" | "skipped"> {
    const burst = await this.#perform(step);
    if (burst === "skipped") return "skipped";
    const { withinMs, isEndedByUnexplained = false } = this.#settings;
    await converge(this.world, this.model, {
      withinMs,
      isHopeless: () => isEndedByUnexplained && this.#findUnexplained().length > 0,
      ...(burst === undefined ? {} : { burst }),
    });
    this.timeline.settle(this.model.objects.values(), Date.now());
    return "done";
  }

  /** Stops watching; returns the writes that nothing explains. */
  async finish(): Promise<readonly UnexplainedWrite[]> {
    this.#stop.abort();
    await this.#following;
    return this.#findUnexplained();
  }

  #findUnexplained(): readonly UnexplainedWrite[] {
    return findUnexplained(this.world.writes, this.timeline);
  }

  async #perform(step: Step): Promise<Burst | "skipped" | undefined> {
    switch (step.do) {
      case "create":
        return this.#create(step);
      case "edit":
        return this.#edit(step);
      case "delete":
        return this.#delete(step);
      case "abandon":
        return this.#abandon(step);
      case "makeCell":
      case "dropCell":
      case "moveCell":
      case "labelCell":
        return this.#changeCell(step);
      case "labelCluster":
        return this.#labelCluster(step);
      case "lose":
      case "return":
        return this.#setUp(step.cluster, step.do === "return");
      case "drift":
      case "remove":
      case "plant":
        return this.#changeMember(step);
      case "crash":
        await this.world.controlPlane.crash();
        return undefined;
      case "restart":
        await this.world.controlPlane.restart();
        return undefined;
      case "backUp":
        return this.#backUp();
      case "restore":
        return this.#restore();
    }
  }

  async #create({
    kind,
    at,
    spec,
  }: Extract<Step, { do: "create" }>): Promise<"skipped" | undefined> {
    const [namespace = "", name = ""] = at.split("/");
    const key = keyOf(kind, namespace, name);
    if (this.model.objects.has(key)) return "skipped";
    const fromMs = Date.now();
    const created = await this.world.client.create(pathOf(kind, namespace), {
      apiVersion: "types.kubefed.io/v1beta2",
      kind: `Federated${kind}`,
      metadata: { name, namespace },
      spec: renderSpec(kind, spec),
    });
    const object: ModelObject = {
      key,
      kind,
      namespace,
      name,
      uid: created.metadata.uid ?? "",
      generation: created.metadata.generation ?? 1,
      spec,
      abandoned: [],
      revisions: [],
      entries: new Map(),
    };
    this.model.objects.set(key, object);
    this.timeline.note(object, fromMs);
    return undefined;
  }

  async #edit(step: Extract<Step, { do: "edit" }>): Promise<Burst | "skipped" | undefined> {
    const object = this.model.objects.get(step.key);
    if (!object || object.deleting !== undefined) return "skipped";
    const passing: { spec: Spec; generation: number }[] = [];
    for (const change of step.changes) {
      const spec = changed(object.spec, change);
      const fromMs = Date.now();
      const { client } = this.world;
      const { kind, namespace, name } = object;
      const body = { spec: withNulls(renderSpec(kind, spec), change) };
      const patching = client.patch(pathOf(kind, namespace), name, { type: "merge", body });
      const isRefused = refusesRollback(object, spec);
      const patched = await expectRefusal(patching, isRefused, `edit of ${step.key}`);
      if (!patched) continue;
      passing.push({ spec: object.spec, generation: object.generation });
      object.spec = spec;
      object.generation = patched.metadata.generation ?? 0;
      this.timeline.note(object, fromMs);
    }
    if (step.crash) await this.world.controlPlane.crash();
    if (step.flap !== undefined) await this.#flap(step.flap);
    const isRacing = step.changes.length > 1;
    return isRacing ? { key: step.key, passing: passing.slice(1) } : undefined;
  }

  /** Cuts a member off in the middle of what goes on there, for a moment. */
  async #flap(cluster: string): Promise<void> {
    if (this.model.clusters.get(cluster)?.isUp !== true) return;
    const { path } = this.world.member(cluster);
    path.cut();
    await this.world.client.list(inSystem("kubefedclusters"));
    path.mend();
  }

  async #delete(step: Extract<Step, { do: "delete" }>): Promise<"skipped" | undefined> {
    const object = this.model.objects.get(step.key);
    if (!object || object.deleting !== undefined) return "skipped";
    const { kind, namespace, name } = object;
    const { client } = this.world;
    const path = pathOf(kind, namespace);
    if (step.orphan) await annotate(client, path, name, { "kubefed.io/orphan": "true" });
    const fromMs = Date.now();
    const answer = await client.delete(path, name);
    object.deleting = step.orphan ? "orphan" : "delete";
    object.generation = answer.metadata?.generation ?? object.generation + 1;
    this.timeline.note(object, fromMs);
    return undefined;
  }

  async #abandon({ key }: Extract<Step, { do: "abandon" }>): Promise<"skipped" | undefined> {
    const object = this.model.objects.get(key);
    if (!object?.deleting) return "skipped";
    const { kind, namespace, name } = object;
    const blocked = [...object.entries.keys()].map(topologyIn);
    const placed = seenBy(object, object.spec, this.model).map(({ topology }) => topology);
    const abandoned = [...new Set([...blocked, ...placed])];
    for (const member of [...seenBy(object, object.spec, this.model)]) {
      const source = `Federated${kind}/${namespace}/${name}/${member.member}`;
      this.timeline.tombstones.push({ source, uid: object.uid });
    }
    const set = { [`${prefix}abandon`]: abandoned.join(",") };
    await annotate(this.world.client, pathOf(kind, namespace), name, set);
    object.abandoned = abandoned;
    return undefined;
  }

  async #changeCell(
    step: Extract<Step, { do: "makeCell" | "dropCell" | "moveCell" | "labelCell" }>,
  ): Promise<"skipped" | undefined> {
    const [namespace = "", name = ""] = step.cell.split(".");
    const { cells } = this.model;
    const cell = cells.get(step.cell);
    if ((cell === undefined) !== (step.do === "makeCell")) return "skipped";
    const path = { ...cellsPath, namespace };
    const { client } = this.world;
    const before = structuredClone({ cells, clusters: this.model.clusters });
    const fromMs = Date.now();
    const stands = this.#standsIn(step.cell);
    const isForeign = "on" in step && !["", namespace].includes(clusterTenants[step.on] ?? "");
    if (step.do === "makeCell") {
      const object: KubernetesObject = {
        apiVersion: "cellplane.io/v1alpha1",
        kind: "Cell",
        metadata: { name, namespace, labels: { tier: step.tier } },
        spec: { clusterRef: { name: step.on } },
      };
      const made = await expectRefusal(client.create(path, object), isForeign, step.cell);
      if (!made) return undefined;
      cells.set(step.cell, { namespace, name, cluster: step.on, tier: step.tier });
    } else if (step.do === "dropCell") {
      if (step.abandon) await annotate(client, path, name, { [`${prefix}abandon`]: "true" });
      const isRefused = stands && !step.abandon;
      const gone = await expectRefusal(client.delete(path, name), isRefused, step.cell);
      if (!gone) return undefined;
      cells.delete(step.cell);
    } else {
      const body =
        step.do === "moveCell"
          ? { spec: { clusterRef: { name: step.on } } }
          : { metadata: { labels: { tier: step.tier } } };
      const isMove = step.do === "moveCell" && step.on !== cell?.cluster;
      const isRefused = isForeign || (isMove && stands);
      const patching = client.patch(path, name, { type: "merge", body });
      if (!(await expectRefusal(patching, isRefused, step.cell)) || !cell) return undefined;
      if (step.do === "moveCell") cell.cluster = step.on;
      else cell.tier = step.tier;
    }
    this.timeline.noteTopologies({ ...before, cells }, fromMs);
    await this.#waitForCell(step.cell);
    return undefined;
  }

  /** Whether a ledger or a tombstone says that something stands in a cell. */
  #standsIn(member: string): boolean {
    const { objects, tombstones } = this.model;
    const inLedger = Array.from(objects.values()).some(({ entries }) => entries.has(member));
    return inLedger || tombstones.some((each) => each.member === member);
  }

  async #waitForCell(member: string): Promise<void> {
    const cell = this.model.cells.get(member);
    const isUp = cell && this.model.clusters.get(cell.cluster)?.isUp;
    await waitFor(`the cluster of cell ${member}`, async () => {
      const { items } = await this.world.client.list(inSystem("kubefedclusters"));
      const found = items.find(({ metadata }) => metadata.name === member);
      const labels = found?.metadata.labels ?? {};
      if (!cell) return found ? undefined : true;
      const isCurrent =
        labels["cellplane.io/cluster"] === cell.cluster && labels["tier"] === cell.tier;
      return isCurrent ? true : undefined;
    });
    if (cell && isUp !== undefined) await this.world.waitForHealth(cell.cluster, isUp);
  }

  async #labelCluster({
    cluster,
    tier,
  }: Extract<Step, { do: "labelCluster" }>): Promise<"skipped" | undefined> {
    const known = this.model.clusters.get(cluster);
    if (!known) return "skipped";
    const fromMs = Date.now();
    const body = { metadata: { labels: { tier } } };
    await this.world.client.patch(inSystem("kubefedclusters"), cluster, { type: "merge", body });
    known.tier = tier;
    this.timeline.noteTopologies(this.model, fromMs);
    return undefined;
  }

  async #setUp(cluster: string, isUp: boolean): Promise<"skipped" | undefined> {
    const known = this.model.clusters.get(cluster);
    if (!known || known.isUp === isUp) return "skipped";
    const { path } = this.world.member(cluster);
    if (isUp) path.mend();
    else path.cut();
    known.isUp = isUp;
    await this.world.waitForHealth(cluster, isUp);
    return undefined;
  }

  async #changeMember(
    step: Extract<Step, { do: "drift" | "remove" | "plant" }>,
  ): Promise<"skipped" | undefined> {
    const places = this.model.members.get(step.cluster);
    const { objects } = this.world.member(step.cluster).server.api;
    const { kind, namespace, name } = parsePlace(step.place);
    const scope = memberScope(kind, namespace);
    const live = places?.get(step.place);
    if (!places || (live === undefined) !== (step.do === "plant")) return "skipped";
    if (step.do === "plant") {
      await ensureNamespace(this.world, step.cluster, namespace);
      const { template, encode, group } = payloads[kind];
      await objects.create(scope, {
        apiVersion: group === "" ? "v1" : `${group}/v1`,
        kind,
        metadata: { name, namespace, ...foreignMarks(step.refuses) },
        ...template(encode(step.value)),
      });
      places.set(step.place, { value: step.value, ...(step.refuses && { refuses: step.refuses }) });
      return undefined;
    }
    if (step.do === "remove") {
      await objects.delete(scope, name);
      places.delete(step.place);
      return undefined;
    }
    if (!live?.book) return "skipped";
    const { value, how } = step;
    if (live.value !== live.book.content) return "skipped";
    await objects.update(scope, name, (current) => {
      if (how === "value") return withValue(kind, current as never, value) as KubernetesObject;
      const labels = { ...current.metadata.labels, "by-hand": value };
      return { ...current, metadata: { ...current.metadata, labels } };
    });
    places.set(step.place, { ...live, value: how === "value" ? value : `${live.value}+${value}` });
    return undefined;
  }

  async #backUp(): Promise<undefined> {
    await this.world.controlPlane.backUp();
    const { cells, objects, tombstones, clusters } = this.model;
    const tiers = new Map(Array.from(clusters, ([name, { tier }]) => [name, tier]));
    this.#saved = structuredClone({ cells, objects, tombstones, tiers });
    return undefined;
  }

  async #restore(): Promise<"skipped" | undefined> {
    if (!this.#saved) return "skipped";
    const fromMs = Date.now();
    const { cells, objects, tombstones, tiers } = structuredClone(this.#saved);
    this.model.cells = cells;
    this.model.objects = objects;
    this.model.tombstones = tombstones;
    for (const [name, tier] of tiers) {
      const known = this.model.clusters.get(name);
      if (known) known.tier = tier;
    }
    for (const object of objects.values()) this.timeline.note(object, fromMs);
    this.timeline.noteTopologies(this.model, fromMs);
    await this.world.controlPlane.restore();
    for (const [name, { isUp }] of this.model.clusters) await this.world.waitForHealth(name, isUp);
    return undefined;
  }
}

function pathOf(kind: Kind, namespace: string): ResourcePath {
  const group = "types.kubefed.io";
  return { group, version: "v1beta2", resource: federatedResource(kind), namespace };
}

/** What a merge patch has to say so that what is not there is taken away. */
function withNulls(spec: ReturnType<typeof renderSpec>, _change: Change): object {
  const { placement, placementMask, ...rest } = spec;
  const none = { topologies: null, topologySelector: null };
  return {
    overrides: null,
    revision: null,
    ...rest,
    placement: { ...none, ...(placement as object) },
    placementMask: placementMask === undefined ? null : { ...none, ...(placementMask as object) },
  };
}

async function annotate(
  client: World["client"],
  path: ResourcePath,
  name: string,
  annotations: Readonly<Record<string, string>>,
): Promise<void> {
  await client.patch(path, name, { type: "merge", body: { metadata: { annotations } } });
}
