import type { HeldPolicy } from "../api/federated-object.ts";
import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import type { TopologyWords } from "../conversion/topology-words.ts";
import type { SyncView } from "../plan/sync-view.ts";
import type { Verdict } from "./explain-placed.ts";
import type { MaskRule } from "./placement-explanation.ts";
import { selectionRule } from "./selection-rule.ts";

/** Whether a member that is seen may be written to now, and by which rule. */
export function explainMask(
  member: KubeFedCluster,
  view: SyncView,
  words: TopologyWords,
): Verdict<MaskRule> {
  const { object, settings } = view;
  const mask = object.spec?.placementMask;
  if (object.metadata.deletionTimestamp !== undefined) {
    const sentence = "A deletion goes everywhere, whatever the mask";
    return { value: true, rule: "Deletion", sentence };
  }
  if (mask === undefined) {
    return { value: true, rule: "NoMask", sentence: "There is no mask: it may be written to" };
  }
  if (settings.masks === "off") {
    const sentence =
      "The mask is ignored, as the feature gate PlacementMask is off: it may be written to";
    return { value: true, rule: "MasksOff", sentence };
  }
  const rule = selectionRule(mask, member, words);
  const held = heldWords(mask.heldPolicy ?? "Freeze");
  if (rule.kind === "names") {
    if (rule.selected) {
      const sentence = "The mask includes it by name (spec.placementMask.topologies)";
      return { value: true, rule: "Named", sentence };
    }
    return rule.none
      ? { value: false, rule: "HoldsAll", sentence: `The mask holds every topology: ${held}` }
      : { value: false, rule: "NotNamed", sentence: `The mask does not name it: ${held}` };
  }
  if (rule.kind === "nothing") {
    const sentence = `The mask has neither topologies nor a selector, so it holds every topology: ${held}`;
    return { value: false, rule: "HoldsAll", sentence };
  }
  const where = `spec.placementMask.topologySelector (${rule.selector})`;
  return rule.selected
    ? {
        value: true,
        rule: "SelectorMatches",
        sentence: `The mask includes it: it matches ${where}`,
      }
    : {
        value: false,
        rule: "SelectorDoesNotMatch",
        sentence: `The mask does not include it, as it does not match ${where}: ${held}`,
      };
}

function heldWords(policy: HeldPolicy): string {
  return policy === "Freeze"
    ? "not one write goes there (Freeze)"
    : "it gets nothing new, and drift is repaired to what was last written (Pin)";
}
