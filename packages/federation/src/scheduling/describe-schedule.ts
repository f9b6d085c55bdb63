import { pluralOfKind } from "../api/federated-type-config.ts";
import { topologyTypeOf } from "../conversion/convert-federated-object.ts";
import type { MemberName } from "../placement/select-members.ts";
import type { SchedulingDecision, SchedulingView } from "./scheduling-view.ts";

/** What a schedule came to, for the condition. */
export function describeSchedule(
  { preference, object, replicas }: SchedulingView,
  {
    topologies,
    placed,
  }: {
    readonly topologies: ReadonlyMap<string, readonly MemberName[]>;
    readonly placed: number;
  },
): Pick<SchedulingDecision, "status" | "reason" | "message"> {
  const { totalReplicas, clusters = {} } = preference.spec;
  const noun = pluralOfKind(topologyTypeOf(object));
  const members = new Set(Array.from(topologies.values()).flat());
  const strange = Object.keys(clusters).filter(
    (name) => name !== "*" && !topologies.has(name) && !members.has(name),
  );
  const lost = Array.from(replicas)
    .filter(([name, { kind }]) => kind === "lost" && members.has(name))
    .map(([name]) => name)
    .sort();
  const notes = [
    // The same words for what does not exist and for another tenant's.
    ...(strange.length === 0 ? [] : [`no topology ${quoted(strange)} may be chosen here`]),
    ...(lost.length === 0 ? [] : [`${quoted(lost)} cannot be reached`]),
  ];
  const count = `${placed} of ${totalReplicas} replicas over ${topologies.size} ${noun}`;
  const message = [count, ...notes].join("; ");
  if (placed === totalReplicas) return { status: "True", reason: "Scheduled", message };
  return { status: "False", reason: "NotAllPlaced", message };
}

function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(", ");
}
