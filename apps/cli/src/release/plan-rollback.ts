import type { RestClient } from "@cellplane/client";
import type {
  PlacementExplanation,
  RevisionHistory,
  RevisionHistoryEntry,
  TopologyExplanation,
} from "@cellplane/federation";
import { CliError } from "../program/cli-error.ts";
import type { FederatedTarget } from "./find-federated.ts";
import { readExplanation, readHistory } from "./inspect-client.ts";
import { maskPatch, rolledBackTo } from "./mask-patch.ts";
import type { PatchStep } from "./patch-object.ts";

/** The one write of a rollback, or of its end. */
export interface RollbackPlan {
  readonly patch: readonly PatchStep[];
  /** What the user should know beforehand. */
  readonly notes: readonly string[];
  /** What is done with it, in words. */
  readonly done: string;
}

/** Plans to bring topologies back to a revision, and to hold all others. */
export async function planRollback(
  controlPlane: RestClient,
  target: FederatedTarget,
  { names, to }: { readonly names: readonly string[]; readonly to?: number },
): Promise<RollbackPlan> {
  const object = await controlPlane.get(target.path, target.name);
  const { topologies } = await readExplanation(controlPlane, target);
  const standing = names.map((name) => standingOf(name, topologies));
  const found = await Promise.all(
    standing.map(async (each) =>
      chooseRevision(each, to, await historyOf(controlPlane, target, each)),
    ),
  );
  const revisions = Array.from(new Set(found.map(({ revision }) => revision)));
  const [revision, other] = revisions;
  if (revision === undefined || other !== undefined) {
    const list = found.map(({ revision: each }, at) => `${names[at]}: ${each}`).join(", ");
    throw new CliError(
      `Cannot roll back as all must go to the same revision; say which with --to (before: ${list})`,
    );
  }
  const mask = { topologies: names.map((name) => ({ name })) };
  const from = standing.map((each) => `${each.topology} from revision ${each.revision ?? "?"}`);
  return {
    patch: [...maskPatch(object, mask), { op: "add", path: "/spec/revision", value: revision }],
    notes: found.flatMap(({ note }) => note ?? []),
    done: `rolls back ${from.join(", ")} to ${revision}; all others are held. End it with: cellplane rollback ${target.called} --undo`,
  };
}

/** Plans to end a rollback: the newest revision again, for all but those that were brought back. */
export async function planUndo(
  controlPlane: RestClient,
  target: FederatedTarget,
): Promise<RollbackPlan> {
  const object = await controlPlane.get(target.path, target.name);
  const revision = rolledBackTo(object);
  if (revision === undefined) {
    throw new CliError(`Cannot end a rollback as "${target.called}" is not rolled back`);
  }
  const { topologies } = await readExplanation(controlPlane, target);
  const placed = topologies.filter((each) => each.placed.value);
  const others = namesOf(placed.filter(({ mask }) => !mask.inMask));
  const back = namesOf(placed.filter(({ mask }) => mask.inMask));
  const left = others.filter((name) => !back.includes(name));
  const mask = { topologies: left.map((name) => ({ name })) };
  const stay =
    back.length === 0 ? "" : `; ${back.join(", ")} stays at ${revision} until a mask names it`;
  return {
    patch: [...maskPatch(object, mask), { op: "remove", path: "/spec/revision" }],
    notes: [],
    done: `is no longer rolled back${stay}`,
  };
}

function namesOf(topologies: readonly TopologyExplanation[]): readonly string[] {
  return Array.from(new Set(topologies.map(({ topology }) => topology)));
}

function standingOf(
  name: string,
  topologies: PlacementExplanation["topologies"],
): TopologyExplanation {
  const found = topologies.find(({ topology }) => topology === name);
  if (!found) {
    throw new CliError(`Cannot roll back "${name}" as no topology of that name is known here`);
  }
  if (!found.placed.value) {
    const [why = ""] = found.sentences;
    throw new CliError(`Cannot roll back "${name}" as it must be in placement. ${why}`);
  }
  if (found.revision === null) {
    throw new CliError(`Cannot roll back "${name}" as nothing was ever written there`);
  }
  return found;
}

function historyOf(
  controlPlane: RestClient,
  target: FederatedTarget,
  { topology }: TopologyExplanation,
): Promise<RevisionHistory> {
  return readHistory(controlPlane, target, { topology });
}

interface Choice {
  readonly revision: number;
  readonly note?: string;
}

/** The revision to go to: the one asked for, or the newest kept one before that renders otherwise. */
function chooseRevision(
  { topology, revision: at }: TopologyExplanation,
  to: number | undefined,
  { revisions }: RevisionHistory,
): Choice {
  const kept = revisions.map(({ revision }) => revision).toReversed();
  const list = kept.join(", ");
  if (to !== undefined) {
    if (kept.includes(to)) return { revision: to };
    throw new CliError(
      `Cannot roll back "${topology}" to revision ${to} as it is not kept: kept are ${list}`,
    );
  }
  const earlier = revisions.filter(({ revision }) => revision < (at ?? 0));
  const [before] = earlier;
  const chosen = beforeLastChange(at ?? 0, revisions);
  if (!before || !chosen) {
    throw new CliError(
      `Cannot roll back "${topology}" as no earlier revision that differs there is kept: it stands at ${at}, kept are ${list}`,
    );
  }
  if (chosen === before) return { revision: chosen.revision };
  const note = `Revision ${before.revision} is the same for ${topology} as ${at}: it goes back to ${chosen.revision}`;
  return { revision: chosen.revision, note };
}

// Newest first: whatever stands right before the first change at or below `at`.
function beforeLastChange(
  at: number,
  revisions: readonly RevisionHistoryEntry[],
): RevisionHistoryEntry | undefined {
  const from = revisions.filter(({ revision }) => revision <= at);
  const change = from.findIndex(({ changes }) => changes === true);
  return change === -1 ? undefined : from[change + 1];
}
