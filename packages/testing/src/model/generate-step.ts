import { placeOf } from "./expectation.ts";
import { seenBy } from "./model-placement.ts";
import {
  keyOf,
  type Model,
  type ModelObject,
  type Override,
  type Selection,
  type Spec,
} from "./model-state.ts";
import { kinds } from "./payload.ts";
import type { Random } from "./random.ts";
import type { Change, Step } from "./steps.ts";
import { clusterTenants } from "./world.ts";

/** What a generator remembers between steps. */
export interface Generation {
  readonly random: Random;
  /** For values that are unlike any before. */
  count: number;
  hasBackup: boolean;
  /** Repairs asked for in each place: more than a few in a minute count as a conflict. */
  readonly drifts: Map<string, number>;
}

const tiers = ["gold", "silver"] as const;
const names = ["o1", "o2", "o3"] as const;
const cellNames: Readonly<Record<string, readonly string[]>> = {
  alpha: ["c1", "c2", "c3"],
  beta: ["c1", "c2"],
};
const maxDrifts = 3;

/** The cells that every sequence begins with. */
export const firstSteps: readonly Step[] = [
  { do: "makeCell", cell: "alpha.c1", on: "m1", tier: "gold" },
  { do: "makeCell", cell: "alpha.c2", on: "m2", tier: "silver" },
  { do: "makeCell", cell: "alpha.c3", on: "m3", tier: "gold" },
  { do: "makeCell", cell: "beta.c1", on: "m1", tier: "silver" },
  { do: "makeCell", cell: "beta.c2", on: "m2", tier: "gold" },
];

type Maker = (model: Model, state: Generation) => Step | undefined;

const makers: readonly (readonly [weight: number, make: Maker])[] = [
  [14, makeCreate],
  [40, makeEdit],
  [10, makeBurst],
  [6, makeDelete],
  [3, makeAbandon],
  [12, makeDrift],
  [5, makeRemove],
  [5, makePlant],
  [8, makeCellStep],
  [
    3,
    (_model, { random }) => ({
      do: "labelCluster",
      cluster: random.pick(["m1", "m2", "m3"]),
      tier: random.pick(tiers),
    }),
  ],
  [8, makeOutage],
  [3, () => ({ do: "crash" })],
  [1, () => ({ do: "restart" })],
  [
    2,
    (_model, state) => {
      if (state.hasBackup) return undefined;
      state.hasBackup = true;
      return { do: "backUp" };
    },
  ],
  [
    2,
    (_model, state) => {
      if (!state.hasBackup) return undefined;
      state.hasBackup = false;
      return { do: "restore" };
    },
  ],
];

/** A step that makes sense now. */
export function generateStep(model: Model, state: Generation): Step {
  const total = makers.reduce((sum, [weight]) => sum + weight, 0);
  for (;;) {
    let at = state.random.below(total);
    const found = makers.find(([weight]) => (at -= weight) < 0);
    const step = found?.[1](model, state);
    if (step) return step;
  }
}

function makeCreate(model: Model, state: Generation): Step | undefined {
  const { random } = state;
  if (model.objects.size >= 6) return undefined;
  const namespace = random.pick(["alpha", "alpha", "alpha", "beta", "beta", "plain"]);
  const kind = random.pick(kinds);
  const name = random.pick(names);
  const key = keyOf(kind, namespace, name);
  const isHaunted = model.tombstones.some(({ source }) => source.startsWith(`Federated${key}/`));
  if (model.objects.has(key) || isHaunted) return undefined;
  const type = namespace !== "plain" && random.chance(0.85) ? "cell" : "cluster";
  const own = { namespace, type } as const;
  const spec: Spec = {
    type,
    value: nextValue(state),
    overrides: random.chance(0.3) ? makeOverrides(own, state) : [],
    placement: makeSelection(own, random),
    policy: random.chance(0.4) ? "Pin" : "Freeze",
    ...(random.chance(0.3) ? { mask: makeSelection(own, random) } : {}),
  };
  return { do: "create", kind, at: `${namespace}/${name}`, spec };
}

interface Owner {
  readonly namespace: string;
  readonly type: Spec["type"];
}

function topologiesOf({ namespace, type }: Owner): readonly string[] {
  if (type === "cell") return cellNames[namespace] ?? [];
  return namespace === "alpha" ? ["m3"] : ["m1", "m2"];
}

function makeSelection(owner: Owner, random: Random): Selection {
  if (random.chance(0.3)) return { tier: random.pick(tiers) };
  const chosen = topologiesOf(owner).filter(() => random.chance(0.65));
  // One that does not exist, or is another tenant's.
  if (random.chance(0.06)) chosen.push(owner.type === "cell" ? "c9" : "m3");
  return { names: [...new Set(chosen)] };
}

function makeOverrides(owner: Owner, state: Generation): readonly Override[] {
  const { random } = state;
  const named = topologiesOf(owner)
    .filter(() => random.chance(0.4))
    .map((to): Override => ({ to, value: nextValue(state) }));
  if (!random.chance(0.4)) return named;
  return [...named, { to: { tier: random.pick(tiers) }, value: nextValue(state) }];
}

function nextValue(state: Generation): string {
  state.count++;
  return `v${state.count}`;
}

function liveObjects(model: Model): readonly ModelObject[] {
  return Array.from(model.objects.values()).filter(({ deleting }) => deleting === undefined);
}

function makeEdit(model: Model, state: Generation): Step | undefined {
  const { random } = state;
  const objects = liveObjects(model);
  if (objects.length === 0) return undefined;
  const object = random.pick(objects);
  return { do: "edit", key: object.key, changes: [makeChange(object, state, "any")] };
}

function makeBurst(model: Model, state: Generation): Step | undefined {
  const { random } = state;
  const objects = liveObjects(model).filter(({ spec }) => spec.revision === undefined);
  if (objects.length === 0) return undefined;
  const object = random.pick(objects);
  const changes = Array.from({ length: 2 + random.below(3) }, () =>
    makeChange(object, state, "plain"),
  );
  const crash = random.chance(0.25) ? ({ crash: true } as const) : {};
  const flap = random.chance(0.25) ? { flap: random.pick(Object.keys(clusterTenants)) } : {};
  return { do: "edit", key: object.key, changes, ...crash, ...flap };
}

function makeChange(
  { namespace, spec, revisions }: ModelObject,
  state: Generation,
  allowed: "any" | "plain",
): Change {
  const { random } = state;
  const owner = { namespace, type: spec.type };
  const at = random.below(allowed === "any" ? 100 : 84);
  if (at < 28) return { value: nextValue(state) };
  if (at < 40) return { placement: makeSelection(owner, random) };
  if (at < 55) return { mask: makeSelection(owner, random) };
  if (at < 63) return { mask: null };
  if (at < 70) return { value: nextValue(state), mask: makeSelection(owner, random) };
  if (at < 76) return { policy: random.pick(["Freeze", "Pin"] as const) };
  if (at < 84) return { overrides: makeOverrides(owner, state) };
  if (spec.revision !== undefined && random.chance(0.5)) return { revision: null };
  const old = revisions.length > 0 ? random.pick(revisions).number : 1;
  const mask = random.chance(0.8) ? { mask: makeSelection(owner, random) } : {};
  return { revision: random.chance(0.95) ? old : 99, ...mask };
}

function makeDelete(model: Model, { random }: Generation): Step | undefined {
  const objects = liveObjects(model);
  if (objects.length === 0) return undefined;
  const { key } = random.pick(objects);
  return { do: "delete", key, ...(random.chance(0.25) ? { orphan: true } : {}) };
}

function makeAbandon(model: Model, { random }: Generation): Step | undefined {
  const objects = Array.from(model.objects.values()).filter(({ deleting }) => deleting);
  return objects.length === 0 ? undefined : { do: "abandon", key: random.pick(objects).key };
}

interface Copy {
  readonly cluster: string;
  readonly place: string;
}

function copies(model: Model): readonly Copy[] {
  return Array.from(model.members, ([cluster, places]) =>
    Array.from(places)
      .filter(([, { book }]) => book !== undefined)
      .map(([place]) => ({ cluster, place })),
  ).flat();
}

function makeDrift(model: Model, state: Generation): Step | undefined {
  const { random, drifts } = state;
  const all = copies(model).filter(
    ({ cluster, place }) => (drifts.get(`${cluster} ${place}`) ?? 0) < maxDrifts,
  );
  if (all.length === 0) return undefined;
  const copy = random.pick(all);
  const key = `${copy.cluster} ${copy.place}`;
  drifts.set(key, (drifts.get(key) ?? 0) + 1);
  const value = `hand${nextValue(state)}`;
  return { do: "drift", ...copy, value, how: random.pick(["value", "label"] as const) };
}

function makeRemove(model: Model, { random }: Generation): Step | undefined {
  const all = copies(model);
  return all.length === 0 ? undefined : { do: "remove", ...random.pick(all) };
}

function makePlant(model: Model, state: Generation): Step | undefined {
  const { random } = state;
  const kind = random.pick(kinds);
  const namespace = random.pick(["alpha", "beta"]);
  const type = "cell";
  const seen = seenBy({ namespace }, { type }, model);
  if (seen.length === 0) return undefined;
  const chosen = random.pick(seen);
  const name = random.pick(names);
  const place = placeOf({ kind, name } as ModelObject, chosen);
  const { cluster } = chosen;
  if (model.members.get(cluster)?.has(place)) return undefined;
  const refuses = random.pick(["no", "no", "label", "other"] as const);
  return {
    do: "plant",
    cluster,
    place,
    value: nextValue(state),
    ...(refuses === "no" ? {} : { refuses }),
  };
}

function makeCellStep(model: Model, { random }: Generation): Step {
  const namespace = random.pick(["alpha", "alpha", "beta"]);
  const cell = `${namespace}.${random.pick(cellNames[namespace] ?? [])}`;
  const on = random.pick(Object.keys(clusterTenants));
  const tier = random.pick(tiers);
  if (!model.cells.has(cell)) return { do: "makeCell", cell, on, tier };
  const at = random.below(10);
  if (at < 5) return { do: "labelCell", cell, tier };
  if (at < 7) return { do: "moveCell", cell, on };
  return { do: "dropCell", cell, ...(random.chance(0.6) ? { abandon: true } : {}) };
}

function makeOutage(model: Model, { random }: Generation): Step {
  const lost = Array.from(model.clusters).filter(([, { isUp }]) => !isUp);
  if (lost.length > 0 && random.chance(0.7)) {
    return { do: "return", cluster: random.pick(lost)[0] };
  }
  return { do: "lose", cluster: random.pick(Object.keys(clusterTenants)) };
}
