import { revisionOf } from "../model/effects.ts";
import { GreatestBefore } from "../model/witness.ts";
import type { Op } from "../record/history.ts";
import type { Facts } from "./facts.ts";
import type { Violations } from "./violation.ts";

/**
 * Real time: whoever is called after an answer was there comes after it in the order of the log. A
 * write stands at its revision, a read after the write whose revision it tells. With the answers
 * themselves (`checkAnswers`) this is strict serializability, with the revisions as the witness.
 */
export function checkOrder({ history, replay }: Facts, violations: Violations): void {
  const written = new Map<Op, number>();
  for (const [revision, op] of replay.writers) written.set(op, revision);
  const placed = history.ops.flatMap((op) => {
    const at = written.get(op) ?? revisionOf(op);
    if (at === undefined || op.outcome.is === "refused") return [];
    return [{ op, place: 2 * at + (written.has(op) ? 0 : 1) }];
  });
  const before = new GreatestBefore(
    placed.map(({ op, place }) => ({ atUs: op.returnedUs, value: place, id: op.id })),
  );
  const bySession = Map.groupBy(placed, ({ op }) => `${op.client} ${op.process}`);
  for (const session of bySession.values()) checkSession(session, violations);
  for (const { op, place } of placed) {
    const earlier = before.before(op.calledUs);
    if (isSerializable(op) || place >= earlier.value) continue;
    violations.add({
      rule: "real-time order",
      message: `${op.id} was called after ${earlier.id} had returned with revision ${earlier.value >> 1}, and is at revision ${place >> 1}`,
      revision: place >> 1,
      keys: keysOf(op),
      of: [earlier.id, op.id],
    });
  }
}

/** A read that may be stale is not behind what its own client has seen of that process. */
function checkSession(
  session: readonly { readonly op: Op; readonly place: number }[],
  violations: Violations,
): void {
  let [newest, by] = [0, ""];
  for (const { op, place } of session) {
    if (isSerializable(op) && place < newest) {
      violations.add({
        rule: "real-time order",
        message: `${op.id} read revision ${place >> 1} after ${by} had revision ${newest >> 1} from the same process`,
        revision: place >> 1,
        of: [by, op.id],
      });
    }
    if (Number.isFinite(op.returnedUs) && place > newest) [newest, by] = [place, op.id];
  }
}

function isSerializable({ request }: Op): boolean {
  return request.do === "range" && request.range.serializable === true;
}

function keysOf({ request }: Op): readonly string[] {
  if (request.do === "range") return request.range.end ? [] : [request.range.key];
  return [];
}
