import { operationsOf } from "../model/effects.ts";
import { isInRange } from "../model/timelines.ts";
import type { Violation } from "../check/violation.ts";
import type { History, Op, Stream } from "../record/history.ts";
import type { KeyRangeText } from "../record/text.ts";
import type { Replay } from "../check/replay.ts";

const linesAround = 12;
const longest = 260;

/** What happened around a violation: the operations on its keys by time, and what watches said of it. */
export function formatAccount(violation: Violation, history: History, replay: Replay): string {
  const concerned = history.ops.filter((op) => concerns(op, violation, replay));
  const named = new Set(violation.of ?? []);
  const middle = concerned.findIndex(({ id }) => named.has(id));
  const at = middle === -1 ? nearest(concerned, violation.revision ?? 0, replay) : middle;
  const around = concerned.slice(Math.max(0, at - linesAround), at + linesAround);
  const startUs = history.ops[0]?.calledUs ?? 0;
  const lines = around.map((op) => {
    const mark = named.has(op.id) ? ">" : " ";
    return `${mark} ${formatOp(op, { startUs, wroteAt: replay.revisionOf.get(op) })}`;
  });
  const streams = history.streams
    .filter(({ id }) => named.has(id))
    .flatMap((stream) => formatStream(stream, { violation, startUs }));
  const faults = history.faults
    .filter(({ atUs }) => isBetween(atUs, around))
    .map(({ atUs, what }) => `  ${ms(atUs - startUs)} ms fault: ${what}`);
  const title = `${violation.rule}: ${cut(violation.message, 1200)}`;
  return [title, ...lines, ...streams, ...faults].join("\n");
}

function concerns(op: Op, { keys = [], of = [], revision }: Violation, replay: Replay): boolean {
  if (of.includes(op.id)) return true;
  if (keys.length === 0) return nearRevision(op, revision, replay);
  const ranges = rangesOf(op);
  return ranges.some((range) => keys.some((key) => isInRange(key, range)));
}

function nearRevision(op: Op, revision: number | undefined, replay: Replay): boolean {
  const at = replay.revisionOf.get(op);
  return at !== undefined && revision !== undefined && Math.abs(at - revision) <= 6;
}

function rangesOf({ request }: Op): readonly KeyRangeText[] {
  if (request.do === "range") return request.range.end ? [] : [request.range];
  if (request.do !== "txn") return [];
  return operationsOf(request.txn).flatMap((operation) =>
    operation.kind === "txn" ? [] : [operation],
  );
}

function nearest(ops: readonly Op[], revision: number, replay: Replay): number {
  const found = ops.findIndex((op) => (replay.revisionOf.get(op) ?? 0) >= revision);
  return found === -1 ? ops.length : found;
}

function formatOp(
  { id, process, label, request, outcome, calledUs, returnedUs }: Op,
  { startUs, wroteAt }: { readonly startUs: number; readonly wroteAt: number | undefined },
): string {
  const times = `${ms(calledUs - startUs)}–${ms(returnedUs - startUs)} ms`;
  const wrote = wroteAt === undefined ? "" : ` @${wroteAt}`;
  const asked = cut(JSON.stringify(request), longest);
  return `${times} ${id} (${process}) ${label}${wrote} ${asked} → ${cut(JSON.stringify(outcome), longest)}`;
}

function formatStream(
  { id, deliveries, request, end }: Stream,
  { violation, startUs }: { readonly violation: Violation; readonly startUs: number },
): readonly string[] {
  const revision = violation.revision ?? 0;
  const found = deliveries.findIndex((delivery) => delivery.revision >= revision);
  const at = found === -1 ? deliveries.length : found;
  const lines = deliveries.slice(Math.max(0, at - 4), at + 4).map((delivery) => {
    const what =
      delivery.kind === "progress"
        ? "progress"
        : delivery.events
            .map(({ kind, kv }) => `${kind} ${kv.key}=${kv.value}@${kv.modRevision}`)
            .join(", ");
    return `  ${ms(delivery.atUs - startUs)} ms watch ${id} ${delivery.revision}: ${cut(what, longest)}`;
  });
  return [`  watch ${id} ${JSON.stringify(request)} ${end ? `ended: ${end.why}` : ""}`, ...lines];
}

function isBetween(atUs: number, ops: readonly Op[]): boolean {
  const [first, last] = [ops[0], ops.at(-1)];
  return (
    first !== undefined && last !== undefined && atUs >= first.calledUs && atUs <= last.calledUs
  );
}

function ms(us: number): string {
  return Number.isFinite(us) ? (us / 1000).toFixed(3) : "?";
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
