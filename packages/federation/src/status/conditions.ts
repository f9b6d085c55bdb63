import { pluralOfKind } from "../api/federated-type-config.ts";
import type { FederatedCondition } from "../api/federated-object.ts";
import { conditionTypes } from "../api/topology-status.ts";
import { isReleased, type StatusInput } from "./status-input.ts";

interface ConditionHistory {
  readonly previous: readonly FederatedCondition[];
  /** Whether entries differ from those before. */
  readonly entriesChanged: boolean;
}

type Verdict = Pick<FederatedCondition, "type" | "status" | "reason" | "message">;

/** The conditions of a federated object; times stay where nothing changed. */
export function computeConditions(
  input: StatusInput,
  history: ConditionHistory,
): readonly FederatedCondition[] {
  const verdicts = [judgePropagation(input), judgeReleased(input)];
  if (input.mode !== "sync") verdicts.push(judgeDeletion(input));
  const judged = verdicts.map((verdict) => stamp(verdict, input.now, history));
  // That one is another controller's.
  const others = history.previous.filter(({ type }) => type === conditionTypes.dependencies);
  return [...judged, ...others];
}

function judgePropagation(input: StatusInput): Verdict {
  const { reason, message, reports, remoteStatus } = input;
  const type = conditionTypes.propagation;
  if (reason !== "")
    return { type, status: "False", reason, ...(message === "" ? {} : { message }) };
  const unfit = reports.filter(
    (report) =>
      report.status !== "" || (remoteStatus === "awaited" && report.remoteStatus === undefined),
  );
  if (unfit.length === 0) return { type, status: "True" };
  return { type, status: "False", reason: "CheckClusters", message: summarize(input) };
}

function judgeReleased(input: StatusInput): Verdict {
  const type = conditionTypes.released;
  const { reports, desiredRevision, topologyType } = input;
  const placed = reports.filter(({ inPlacement }) => inPlacement);
  const released = placed.filter((report) => isReleased(report, desiredRevision));
  const noun = pluralOfKind(topologyType);
  const message = `${released.length} of ${placed.length} ${noun} at revision ${desiredRevision}`;
  if (released.length === placed.length && input.reason === "") {
    return { type, status: "True", message };
  }
  const held = placed.some(({ status }) => status === "Held" || status === "NotReleased");
  return { type, status: "False", reason: held ? "Held" : "Progressing", message };
}

function judgeDeletion({ blockedBy }: StatusInput): Verdict {
  const type = conditionTypes.deletion;
  if (blockedBy.length === 0) return { type, status: "True" };
  const shown = blockedBy.slice(0, 10).map(({ topology, reason }) => `${topology} (${reason})`);
  const more = blockedBy.length > 10 ? ` and ${blockedBy.length - 10} more` : "";
  const message = `waits for ${shown.join(", ")}${more}`;
  return { type, status: "False", reason: "WaitingForTopologies", message };
}

// `3 Held, 1 ClusterNotReady`: the most frequent first.
function summarize({ reports }: StatusInput): string {
  const counts = new Map<string, number>();
  for (const { status } of reports) {
    if (status !== "") counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  const sorted = Array.from(counts).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const text = sorted.map(([status, count]) => `${count} ${status}`).join(", ");
  return text === "" ? "not every cluster has answered with a status" : text;
}

function stamp(
  verdict: Verdict,
  now: string,
  { previous, entriesChanged }: ConditionHistory,
): FederatedCondition {
  const before = previous.find(({ type }) => type === verdict.type);
  const same = before?.status === verdict.status && before.reason === verdict.reason;
  const moved = !same || entriesChanged || before.message !== verdict.message;
  return {
    ...verdict,
    lastUpdateTime: moved ? now : (before.lastUpdateTime ?? now),
    lastTransitionTime: same ? (before.lastTransitionTime ?? now) : now,
  };
}
