import type { PlanSync } from "@cellplane/controllers";
import {
  annotations,
  planSync,
  type SyncPlan,
  type SyncView,
  type TopologyDecision,
} from "@cellplane/federation";
import type { Spec } from "./model-state.ts";
import type { Change, Step } from "./steps.ts";

/** A mistake that a control plane could have, steps that bring it out, and what is to be reported. */
export interface PlantedBug {
  readonly name: string;
  /** With a memory of its own. */
  readonly createPlan: () => PlanSync;
  readonly steps: readonly Step[];
  readonly reported: RegExp;
}

type SyncMember = NonNullable<ReturnType<SyncView["members"]["get"]>>;

const cells = { names: ["c1", "c2"] } as const;

/** The mistakes, the one whose steps put everything back first and the one that loses a cell last. */
export const plantedBugs: readonly PlantedBug[] = [
  {
    name: "a restored control plane overwrites a later generation",
    createPlan: () => (view) => planSync(withAnnotation(view, annotations.acceptOlder, "1000")),
    steps: [create("o1"), { do: "backUp" }, edit("o1", { value: "v2" }), { do: "restore" }],
    reported: /unexplained write: .* UPDATE .*overwrites the later generation 2/,
  },
  {
    name: "an update ignores the mask",
    createPlan: () => (view) => mend(view, ({ status }) => status === "Held"),
    steps: [create("o2"), edit("o2", { value: "v2", mask: { names: ["c1"] } })],
    reported: /unexplained write: .* UPDATE configmaps alpha-c2\/o2 in m2/,
  },
  {
    name: "a creation ignores the mask",
    createPlan: () => (view) => mend(view, ({ status }) => status === "NotReleased"),
    steps: [create("o3", { mask: { names: ["c1"] } })],
    reported: /unexplained write: .* CREATE .*alpha-c2.* in m2/,
  },
  {
    name: "a removal ignores the mask",
    createPlan: () => (view) => mend(view, ({ status }) => status === "PendingRemoval"),
    steps: [create("o4"), edit("o4", { placement: { names: ["c1"] }, mask: { names: ["c1"] } })],
    reported: /unexplained write: .* DELETE configmaps alpha-c2\/o4 in m2/,
  },
  {
    name: "drift is repaired under Freeze",
    createPlan: () => (view) => planSync(withPolicy(view, "Pin")),
    steps: [create("o5"), edit("o5", { mask: { names: [] } }), drift("o5")],
    reported: /unexplained write: .* UPDATE configmaps alpha-c2\/o5 in m2/,
  },
  {
    name: "Pin writes the newest instead of the ledger's",
    createPlan: () => (view) =>
      mend(view, ({ inMask, operation }) => !inMask && operation.kind !== "none"),
    steps: [
      create("o6", { policy: "Pin" }),
      edit("o6", { value: "v2", mask: { names: ["c1"] } }),
      drift("o6"),
    ],
    reported: /unexplained write: .* UPDATE configmaps alpha-c2\/o6 in m2 .*Pin wrote hash/,
  },
  {
    name: "a stale plan is acted on after a mask was set",
    createPlan: createStalePlan,
    steps: [create("o7"), edit("o7", { value: "v2", mask: { names: [] } }), drift("o7")],
    reported:
      /unexplained write: .* UPDATE configmaps alpha-c2\/o7 in m2 .*could not be acted upon/,
  },
  {
    name: "a lost cluster is brought up to date when it returns, outside the mask",
    createPlan: createReturnPlan,
    steps: [
      create("o8"),
      { do: "lose", cluster: "m2" },
      edit("o8", { value: "v2", mask: { names: ["c1"] } }),
      { do: "return", cluster: "m2" },
    ],
    reported: /unexplained write: .* UPDATE configmaps alpha-c2\/o8 in m2/,
  },
  {
    name: "the tenant of a cluster is not looked at",
    createPlan: createTenantlessPlan,
    steps: [
      {
        do: "create",
        kind: "ConfigMap",
        at: "plain/o9",
        spec: { ...specOf(), type: "cluster", placement: { tier: "gold" } },
      },
    ],
    reported: /unexplained write: .* CREATE .* in m3 /,
  },
  {
    name: "what stands in a cell is deleted when its Cell object is missing",
    createPlan: createMissingPlan,
    steps: [create("o1", {}, "Secret"), { do: "dropCell", cell: "alpha.c2", abandon: true }],
    reported: /unexplained write: .* DELETE secrets alpha-c2\/o1 in m2/,
  },
];

function specOf(fields: Partial<Spec> = {}): Spec {
  return {
    type: "cell",
    value: "v1",
    overrides: [],
    placement: cells,
    policy: "Freeze",
    ...fields,
  };
}

function create(
  name: string,
  fields: Partial<Spec> = {},
  kind: "ConfigMap" | "Secret" = "ConfigMap",
): Step {
  return { do: "create", kind, at: `alpha/${name}`, spec: specOf(fields) };
}

function edit(name: string, change: Change): Step {
  return { do: "edit", key: `ConfigMap/alpha/${name}`, changes: [change] };
}

function drift(name: string): Step {
  const place = `ConfigMap alpha-c2/${name}`;
  return { do: "drift", cluster: "m2", place, value: "by-hand", how: "value" };
}

/** The right plan, but for members whose decision is picked: they get what no mask would give them. */
function mend(view: SyncView, picks: (decision: TopologyDecision) => boolean): SyncPlan {
  const plan = planSync(view);
  const unmasked = planSync({ ...view, settings: { ...view.settings, masks: "off" } });
  const decisions = plan.decisions.map((decision) => {
    const other = unmasked.decisions.find(({ member }) => member === decision.member);
    return picks(decision) && other ? other : decision;
  });
  return { ...plan, decisions };
}

function withAnnotation(view: SyncView, key: string, value: string): SyncView {
  const { object } = view;
  const set = { ...object.metadata.annotations, [key]: value };
  return { ...view, object: { ...object, metadata: { ...object.metadata, annotations: set } } };
}

function withPolicy(view: SyncView, heldPolicy: "Pin"): SyncView {
  const { object } = view;
  const { placementMask } = object.spec ?? {};
  if (!placementMask) return view;
  const spec = { ...object.spec, placementMask: { ...placementMask, heldPolicy } };
  return { ...view, object: { ...object, spec } };
}

function createStalePlan(): PlanSync {
  const objects = new Map<string, SyncView["object"][]>();
  return (view) => {
    const { uid = "", generation } = view.object.metadata;
    const known = objects.get(uid) ?? [];
    if (known.at(-1)?.metadata.generation !== generation) known.push(view.object);
    objects.set(uid, known);
    const plan = planSync(view);
    const stale = known.at(-2);
    if (!stale || !plan.decisions.some(({ drifted }) => drifted)) return plan;
    return { ...plan, decisions: planSync({ ...view, object: stale }).decisions };
  };
}

function createReturnPlan(): PlanSync {
  const lost = new Set<string>();
  return (view) => {
    for (const [name, { observation }] of view.members) {
      if (observation.kind === "unreachable") lost.add(name);
    }
    return mend(view, ({ member, status }) => status === "Held" && lost.has(member));
  };
}

function createMissingPlan(): PlanSync {
  const decided = new Map<string, TopologyDecision>();
  const recall = createMemory();
  return (view) => {
    const plan = planSync(view);
    const { uid = "" } = view.object.metadata;
    const decisions = plan.decisions.map((decision) => {
      const key = `${uid} ${decision.member}`;
      const known = decided.get(key);
      if (decision.status !== "TopologyNotFound" || !known) {
        decided.set(key, decision);
        return decision;
      }
      return { ...known, operation: { kind: "delete", options: {} } } as const;
    });
    recall(view);
    return { ...plan, decisions };
  };
}

function createTenantlessPlan(): PlanSync {
  const recall = createMemory();
  return (view) => {
    recall(view);
    return planSync({ ...view, settings: { ...view.settings, isolation: "off" } });
  };
}

/** Puts members that any view ever had into each later one, which is not to have them. */
function createMemory(): (view: SyncView) => void {
  const seen = new Map<string, SyncMember>();
  return ({ members }) => {
    for (const [name, member] of members) seen.set(name, member);
    // A mistake does what the type forbids.
    const open = members as Map<string, SyncMember>;
    for (const [name, member] of seen) {
      if (!open.has(name)) open.set(name, { ...member, observation: { kind: "absent" } });
    }
  };
}
