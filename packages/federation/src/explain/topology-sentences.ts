import type { SyncPlan } from "../plan/sync-plan.ts";
import { overridesSentence } from "./explain-overrides.ts";
import { writeSentence } from "./explain-write.ts";
import type { TopologyExplanation } from "./placement-explanation.ts";

/** Tells a topology's explanation, a sentence for each thing: from placement to what it waits for. */
export function sentencesOf(
  explanation: Omit<TopologyExplanation, "sentences">,
  { placed, mask }: { readonly placed: string; readonly mask: string },
  plan: Pick<SyncPlan, "desiredRevision">,
): readonly string[] {
  const { placed: verdict, overrides, lastWrite, waitsFor } = explanation;
  if (verdict.rule === "NotKnown") {
    return [placed, ...(waitsFor === null ? [] : [`It waits for ${waitsFor}`])];
  }
  // What is out of placement, and not there, needs no more words.
  const isConcerned =
    verdict.value ||
    explanation.status !== "" ||
    explanation.operation !== "none" ||
    explanation.revision !== null;
  if (!isConcerned) return [placed];
  const sentences = [
    placed,
    mask,
    revisionSentence(explanation, plan),
    storedSentence(explanation),
    overridesSentence(overrides),
    writeSentence(lastWrite),
    operationSentence(explanation),
    waitsFor === null ? undefined : `It waits for ${waitsFor}`,
  ];
  return sentences.filter((sentence) => sentence !== undefined && sentence !== "") as string[];
}

function revisionSentence(
  { revision, behind, drifted }: Omit<TopologyExplanation, "sentences">,
  { desiredRevision }: Pick<SyncPlan, "desiredRevision">,
): string {
  if (revision === null) return "It is not known to stand at any revision";
  const away =
    behind > 0
      ? `, ${behind} behind the desired revision ${desiredRevision}`
      : revision === desiredRevision
        ? ", the desired one"
        : "";
  const drift = drifted ? "; what is there was changed or removed in the member since" : "";
  return `It stands at revision ${revision}${away}${drift}`;
}

function storedSentence({
  storedOtherwise,
}: Omit<TopologyExplanation, "sentences">): string | undefined {
  if (storedOtherwise === null) return undefined;
  return `The member stored ${storedOtherwise} otherwise than it was written, as a webhook there may: it is left so`;
}

function operationSentence({
  operation,
  status,
  reason,
}: Omit<TopologyExplanation, "sentences">): string | undefined {
  if (operation !== "none") return `To be done now: ${operation} (${reason})`;
  if (status === "") return undefined;
  return `Nothing is written now (${status}): ${reason}`;
}
