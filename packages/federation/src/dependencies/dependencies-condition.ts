import { isJsonEqual } from "@cellplane/apimachinery";
import type {
  FederatedCondition,
  FederatedObject,
  FederatedStatus,
} from "../api/federated-object.ts";
import { conditionTypes } from "../api/topology-status.ts";
import type { DependencyProblem } from "./plan-dependencies.ts";

const shownProblems = 10;

/**
 * The status of a workload with what became of its dependencies, and without it where it does not
 * ask to be followed (`problems` is absent). Its own where nothing differs.
 */
export function dependenciesCondition(
  object: FederatedObject,
  problems: readonly DependencyProblem[] | undefined,
  now: string,
): FederatedStatus | undefined {
  const { status } = object;
  const all = status?.conditions ?? [];
  const before = all.find(({ type }) => type === conditionTypes.dependencies);
  const next = problems && conditionOf(problems, before, now);
  if (isJsonEqual(next, before)) return status;
  const others = all.filter((each) => each !== before);
  return { ...status, conditions: next ? [...others, next] : others };
}

function conditionOf(
  problems: readonly DependencyProblem[],
  before: FederatedCondition | undefined,
  now: string,
): FederatedCondition {
  const type = conditionTypes.dependencies;
  const shown = problems.slice(0, shownProblems).map(({ key, why }) => `${key}: ${why}`);
  const more =
    problems.length > shownProblems ? ` and ${problems.length - shownProblems} more` : "";
  const verdict =
    problems.length === 0
      ? ({ type, status: "True" } as const)
      : ({
          type,
          status: "False",
          reason: "NotFollowed",
          message: `${shown.join("; ")}${more}`,
        } as const);
  const isSame =
    before?.status === verdict.status &&
    ("message" in verdict ? before.message === verdict.message : true);
  if (isSame) return before;
  const moved = before?.status !== verdict.status;
  return {
    ...verdict,
    lastUpdateTime: now,
    lastTransitionTime: moved ? now : (before.lastTransitionTime ?? now),
  };
}
