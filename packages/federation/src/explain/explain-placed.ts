import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import type { TopologyWords } from "../conversion/topology-words.ts";
import type { Placement } from "../placement/compute-placement.ts";
import type { SyncView } from "../plan/sync-view.ts";
import type { PlacedRule } from "./placement-explanation.ts";
import { selectionRule } from "./selection-rule.ts";

/** A rule's verdict, and the sentence that tells it. */
export interface Verdict<Rule> {
  readonly value: boolean;
  readonly rule: Rule;
  readonly sentence: string;
}

/** Whether a member that is seen is in placement, and by which rule. */
export function explainPlaced(
  member: KubeFedCluster,
  { view, placement, words }: PlacedContext,
): Verdict<PlacedRule> {
  const value = placement.placed.has(member.metadata.name ?? "");
  const rule = selectionRule(view.object.spec?.placement, member, words);
  if (rule.selected && !value) return explainLimit(view);
  switch (rule.kind) {
    case "names":
      return value
        ? { value, rule: "Named", sentence: "It is placed: named in spec.placement.topologies" }
        : {
            value,
            rule: "NotNamed",
            sentence: rule.none
              ? "It is not placed: spec.placement.topologies is empty, which means nowhere"
              : "It is not placed: spec.placement.topologies does not name it",
          };
    case "selector":
      return value
        ? {
            value,
            rule: "SelectorMatches",
            sentence: `It is placed: its labels match spec.placement.topologySelector (${rule.selector})`,
          }
        : {
            value,
            rule: "SelectorDoesNotMatch",
            sentence: `It is not placed: its labels do not match spec.placement.topologySelector (${rule.selector})`,
          };
    default:
      return {
        value,
        rule: "NoPlacement",
        sentence: "It is not placed: spec.placement gives neither topologies nor a selector",
      };
  }
}

/** What placement is explained by. */
export interface PlacedContext {
  readonly view: SyncView;
  readonly placement: Placement;
  readonly words: TopologyWords;
}

/** The verdict on what is not seen: the same words for what does not exist and for another tenant's. */
export function explainUnknown(name: string, isNamed: boolean): Verdict<PlacedRule> {
  const asked = isNamed ? "spec.placement names it, but " : "";
  return {
    value: false,
    rule: "NotKnown",
    sentence: `It is not placed: ${asked}no topology ${JSON.stringify(name)} is known here, so nothing is written to it or deleted from it`,
  };
}

/** The verdict where no placement can be computed. */
export function explainUndecided(message: string): Verdict<PlacedRule> {
  const sentence = `Whether it is placed cannot be told, so nothing is written: ${message}`;
  return { value: false, rule: "Undecided", sentence };
}

function explainLimit({ namespaceLimit, object }: SyncView): Verdict<PlacedRule> {
  const namespace = JSON.stringify(object.metadata.namespace ?? "");
  if (namespaceLimit.kind === "notFederated") {
    return {
      value: false,
      rule: "NamespaceNotFederated",
      sentence: `It is not placed: spec.placement selects it, but there is no FederatedNamespace ${namespace}`,
    };
  }
  return {
    value: false,
    rule: "NamespaceExcludes",
    sentence: `It is not placed: spec.placement selects it, but FederatedNamespace ${namespace} excludes it`,
  };
}
