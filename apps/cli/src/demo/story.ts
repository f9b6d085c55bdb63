import type { KubernetesObject } from "@cellplane/apimachinery";
import type { RestClient } from "@cellplane/client";
import { applicationObjects, cellNames, cells, imageOf, tenantObjects } from "./application.ts";
import { type CellRow, renderRows } from "./cell-table.ts";
import { apply, maskOf, patchDeployment, release } from "./control-plane-objects.ts";
import { type CellExpectation, findDifferences } from "./expectations.ts";
import { tell, tellHeading } from "./narrate.ts";
import { waitForRows } from "./wait-for-rows.ts";

const app = "txnflow";
const stepWithinMs = 30_000;

/** Who plays in the story. */
export interface Cast {
  readonly controlPlane: RestClient;
  readonly members: ReadonlyMap<string, RestClient>;
  /** Takes a whole cluster away, as a power cut would. */
  readonly loseCluster: (name: string) => Promise<void>;
  /** Brings it back as it was. */
  readonly returnCluster: (name: string) => Promise<void>;
}

type Expected = Readonly<Record<string, CellExpectation>>;

/** Plays the story; the differences between what it tells and what happened, none if all went well. */
export async function playStory(cast: Cast): Promise<readonly string[]> {
  const differences: string[] = [];
  const show = async (expected: Expected): Promise<readonly CellRow[]> => {
    const outcome = await waitForRows({ ...cast, app, timeoutMs: stepWithinMs }, (rows, object) => [
      ...findDifferences(rows, expected),
      ...findUnready(rows, expected),
      ...findUnobserved(object),
    ]);
    tell(renderRows(outcome.rows).trimEnd());
    differences.push(...outcome.differences);
    return outcome.rows;
  };
  const released = await playStagedRelease(cast, show);
  await playDisaster({ ...cast, released }, show, differences);
  return differences;
}

async function playStagedRelease(
  { controlPlane }: Cast,
  show: (expected: Expected) => Promise<readonly CellRow[]>,
): Promise<readonly CellRow[]> {
  tellHeading(
    "Tenant bank, workspace group prod: four cells on two clusters, and the payment application 1.0",
  );
  for (const object of [...tenantObjects(), ...applicationObjects("1.0")]) {
    await apply(controlPlane, object);
  }
  await show(at({ 1: cellNames }));

  tellHeading(`Release 1.1 to rz00a alone: one write sets the new image and the mask [rz00a]`);
  await patchDeployment(controlPlane, app, release(app, imageOf(app, "1.1"), ["rz00a"]));
  await show(at({ 2: ["rz00a"], 1: ["rz01a", "rz00b", "rz01b"] }, { behind: 1 }));

  tellHeading("Widen the mask: rz00a and rz00b");
  await patchDeployment(controlPlane, app, { placementMask: maskOf(["rz00a", "rz00b"]) });
  await show(at({ 2: ["rz00a", "rz00b"], 1: ["rz01a", "rz01b"] }, { behind: 1 }));

  tellHeading("Take the mask away: the release reaches every cell");
  await patchDeployment(controlPlane, app, { placementMask: null });
  return show(at({ 2: cellNames }));
}

async function playDisaster(
  cast: Cast & { readonly released: readonly CellRow[] },
  show: (expected: Expected) => Promise<readonly CellRow[]>,
  differences: string[],
): Promise<void> {
  const { controlPlane } = cast;
  const onA = cellNames.filter((name) => cells[name] === "hz-a");
  const onB = cellNames.filter((name) => cells[name] === "hz-b");
  tellHeading("Cluster hz-b is lost; release 1.2 goes on in the cells of hz-a (disaster mask)");
  await cast.loseCluster("hz-b");
  await patchDeployment(controlPlane, app, release(app, imageOf(app, "1.2"), onA));
  await show({ ...at({ 3: onA }), ...lost(onB) });

  tellHeading(
    "Cluster hz-b comes back: it is not touched, and the status says by how much it is behind",
  );
  await cast.returnCluster("hz-b");
  const after = await show(at({ 3: onA, 2: onB }, { behind: 1 }));
  differences.push(...findTouched(onB, cast.released, after));

  tellHeading("Take the mask away: hz-b is brought to the present in one step");
  await patchDeployment(controlPlane, app, { placementMask: null });
  await show(at({ 3: cellNames }));
}

/** Cells by revision; those that are `behind` the newest are held by a mask. */
function at(
  byRevision: Readonly<Record<number, readonly string[]>>,
  held?: { readonly behind: number },
): Expected {
  const newest = Math.max(...Object.keys(byRevision).map(Number));
  const entries = Object.entries(byRevision).flatMap(([revision, names]) =>
    names.map((name): readonly [string, CellExpectation] => [
      name,
      {
        revision,
        version: `1.${Number(revision) - 1}`,
        state: Number(revision) === newest || !held ? "Released" : `Held, ${held.behind} behind`,
      },
    ]),
  );
  return Object.fromEntries(entries);
}

/** Cells of a lost cluster: known by the ledger alone. */
function lost(names: readonly string[]): Expected {
  const expected = { revision: "2", version: "-", state: "ClusterNotReady, 1 behind" };
  return Object.fromEntries(names.map((name) => [name, expected]));
}

function findUnready(rows: readonly CellRow[], expected: Expected): readonly string[] {
  return rows
    .filter(({ cell, ready }) => expected[cell]?.version !== "-" && !/^(\d+)\/\1$/.test(ready))
    .map(({ cell, ready }) => `${cell}: ${ready} replicas are ready`);
}

function findUnobserved({ metadata, status }: KubernetesObject): readonly string[] {
  const observed = (status as { readonly observedGeneration?: number } | undefined)
    ?.observedGeneration;
  return observed === metadata.generation ? [] : ["the newest change has not been observed"];
}

/** A cell that nobody touched has the generation that it had. */
function findTouched(
  names: readonly string[],
  before: readonly CellRow[],
  after: readonly CellRow[],
): readonly string[] {
  const generation = (rows: readonly CellRow[], name: string): number | undefined =>
    rows.find(({ cell }) => cell === name)?.generation;
  return names
    .filter((name) => generation(before, name) !== generation(after, name))
    .map((name) => `${name}: was written to when its cluster came back`);
}
