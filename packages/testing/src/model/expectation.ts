import {
  contentOf,
  desiredOf,
  memberNameOf,
  missingNames,
  type Seen,
  seenBy,
  selects,
} from "./model-placement.ts";
import type { Model, ModelObject, Revision, Row, Spec, Standing } from "./model-state.ts";
import { bring, type Facts, type Outcome, take } from "./model-table.ts";

/** An earlier state of an object that may or may not have been acted upon. */
export interface Passing {
  readonly spec: Spec;
  readonly generation: number;
}

/** What an object comes to: for each member, what may have come of it (one thing, but after races). */
export interface Expectation {
  readonly members: ReadonlyMap<string, MemberExpectation>;
  /** Rows of what does not exist, by member name. */
  readonly missing: ReadonlyMap<string, Row>;
  /** Whether its deletion is through. */
  readonly isGone: boolean;
}

/** What may have come of an object in one member. */
export interface MemberExpectation {
  readonly seen: Seen;
  readonly outcomes: readonly Outcome[];
}

/** `Kind namespace/name` in a member. */
export function placeOf({ kind, name }: ModelObject, { namespace }: Seen): string {
  return `${kind} ${namespace}/${name}`;
}

/** What `source` says on a member's object, but for the control plane's id. */
export function sourceOf({ kind, namespace, name }: ModelObject, member: string): string {
  return `Federated${kind}/${namespace}/${name}/${member}`;
}

/** What an object comes to by the design page's table. `passing`: edits that were not waited for. */
export function expectationOf(
  object: ModelObject,
  model: Model,
  passing: readonly Passing[],
): Expectation {
  const seen = seenBy(object, object.spec, model);
  const members = new Map(
    seen.map((each) => [each.member, expectIn(object, each, model, passing)] as const),
  );
  const missing = missingRows(object, seen);
  const blocking = Array.from(members.values(), ({ outcomes, seen: { topology } }) => ({
    topology,
    isBlocked: outcomes.some(({ row }) => row !== undefined),
  })).filter(({ isBlocked }) => isBlocked);
  const given = new Set(object.abandoned);
  const isGone =
    object.deleting !== undefined &&
    blocking.every(({ topology }) => given.has(topology)) &&
    Array.from(missing.keys()).every((member) => given.has(topologyIn(member)));
  return { members, missing, isGone };
}

/** Standing of an object in a member, in the model. */
export function standingIn(object: ModelObject, seen: Seen, model: Model): Standing {
  const live = model.members.get(seen.cluster)?.get(placeOf(object, seen));
  const entry = object.entries.get(seen.member);
  return { ...(live && { live }), ...(entry && { entry }) };
}

function expectIn(
  object: ModelObject,
  seen: Seen,
  model: Model,
  passing: readonly Passing[],
): MemberExpectation {
  const now = standingIn(object, seen, model);
  const { deleting } = object;
  const facts = factsOf(object, seen, model, object);
  if (deleting !== undefined) return { seen, outcomes: [take(now, facts, deleting)] };
  let standings: readonly Standing[] = [now];
  for (const earlier of passing) {
    const then = factsOf(object, seen, model, earlier);
    standings = [...standings, ...standings.map((each) => bring(each, then).standing)];
  }
  return { seen, outcomes: standings.map((each) => bring(each, facts)) };
}

function factsOf(
  object: ModelObject,
  seen: Seen,
  { clusters }: Model,
  { spec, generation }: Passing,
): Facts {
  const none: Revision = { number: 0, value: "", overrides: [] };
  const newest = object.revisions.findLast((each) => isContentOf(each, spec));
  const known = spec.revision === undefined ? newest : desiredOf({ ...object, spec });
  return {
    isPlaced: selects(spec.placement, seen),
    isMasked: spec.mask === undefined || selects(spec.mask, seen),
    isUp: clusters.get(seen.cluster)?.isUp ?? false,
    policy: spec.policy,
    uid: object.uid,
    generation,
    source: sourceOf(object, seen.member),
    revisions: object.revisions,
    desired: known ?? object.revisions.at(-1) ?? none,
    contentOf: (revision) => contentOf(revision, seen),
  };
}

/** Whether a revision froze what a spec says. */
export function isContentOf(revision: Omit<Revision, "number">, spec: Spec): boolean {
  return (
    revision.value === spec.value &&
    JSON.stringify(revision.overrides) === JSON.stringify(spec.overrides)
  );
}

function missingRows(object: ModelObject, seen: readonly Seen[]): ReadonlyMap<string, Row> {
  const { namespace, spec, entries, deleting } = object;
  const known = new Set(seen.map(({ member }) => member));
  const named =
    deleting === undefined
      ? missingNames(spec, seen).map((name) => memberNameOf(namespace, spec.type, name))
      : [];
  const lost = Array.from(entries.keys()).filter((member) => !known.has(member));
  return new Map(
    [...new Set([...named, ...lost])].map((member) => {
      const revision = entries.get(member)?.revision;
      return [
        member,
        { status: "TopologyNotFound", ...(revision === undefined ? {} : { revision }) },
      ];
    }),
  );
}

/** The topology that a member name stands for. */
export function topologyIn(member: string): string {
  return member.split(".").at(-1) ?? member;
}
