import { type KubernetesObject, stringifyYaml } from "@cellplane/apimachinery";
import type { MemberDiff } from "@cellplane/federation";
import { unifiedDiff } from "../output/unified-diff.ts";

/** Whether a member was changed, or would be. */
export function hasDifferences({ changedInMember, toChange }: MemberDiff): boolean {
  return changedInMember.length > 0 || toChange.length > 0;
}

/** One topology's comparisons as unified diffs under a heading; empty where there is nothing to tell. */
export function renderTopologyDiff(diff: MemberDiff): string {
  const { topology, messages, lastWritten, live, toApply, basis } = diff;
  const isQuiet = !hasDifferences(diff) && (diff.status === "" || diff.status === "Held");
  if (isQuiet && basis !== "LocalRendering") return "";
  const written = diff.fromRevision === null ? "" : `  revision ${diff.fromRevision}`;
  const sections = [
    lastWritten === null
      ? ""
      : unifiedDiff(
          { name: `${topology}/last-written${written}`, text: textOf(lastWritten) },
          { name: `${topology}/live`, text: textOf(live) },
        ),
    unifiedDiff(
      { name: `${topology}/live`, text: textOf(live) },
      { name: `${topology}/to-apply  revision ${diff.toRevision}`, text: textOf(toApply) },
    ),
  ];
  const notes = messages.map((message) => `#   ${message}\n`);
  return [`# ${headingOf(diff)}\n`, ...notes, ...sections].join("");
}

function headingOf(diff: MemberDiff): string {
  const { topology, cluster, target, operation, toRevision, basis } = diff;
  const where = cluster === "" || cluster === topology ? topology : `${topology} on ${cluster}`;
  const home = target?.namespace === undefined ? "" : `${target.namespace}/`;
  const object = target === null ? "" : ` (${target.kind} ${home}${target.name})`;
  const by = basis === "LocalRendering" ? ", by our own rendering" : "";
  return `${where}${object}: ${actionOf(diff, operation, toRevision)}${by}`;
}

function actionOf(
  { inMask, fromRevision }: MemberDiff,
  operation: MemberDiff["operation"],
  toRevision: number,
): string {
  const from = fromRevision === null ? "" : ` from revision ${fromRevision}`;
  if (operation === "none") return "nothing would be written";
  const action =
    operation === "delete" ? `delete${from}` : `${operation}${from} to revision ${toRevision}`;
  return inMask ? action : `${action}, once the mask includes it`;
}

function textOf(object: KubernetesObject | null): string {
  return object === null ? "" : stringifyYaml(object);
}
