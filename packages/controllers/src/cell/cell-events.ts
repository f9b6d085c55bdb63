import type { Cell } from "@cellplane/federation";
import type { EventRecorder } from "../events/event-recorder.ts";

/** What became of a Cell. */
export type CellOutcome =
  | { readonly kind: "derived" | "changed"; readonly member: string; readonly cluster: string }
  | { readonly kind: "removed"; readonly member: string }
  | { readonly kind: "refused"; readonly message: string };

const component = "cell-controller";

/** Tells of Cells what has become of them; what is as it was is not told again. */
export class CellEvents {
  readonly #refusals = new Map<string, string>();
  readonly #recorder: EventRecorder;

  constructor(recorder: EventRecorder) {
    this.#recorder = recorder;
  }

  /** Records an outcome about its Cell. */
  tell(cell: Cell, outcome: CellOutcome): void {
    const key = `${cell.metadata.namespace ?? ""}/${cell.metadata.name ?? ""}`;
    const message = messageOf(outcome);
    if (outcome.kind !== "refused") {
      this.#refusals.delete(key);
      const reason = outcome.kind === "removed" ? "CellRemoved" : "CellDerived";
      this.#recorder.record(cell, { type: "Normal", reason, message, component });
      return;
    }
    if (this.#refusals.get(key) === message) return;
    this.#refusals.set(key, message);
    this.#recorder.record(cell, { type: "Warning", reason: "CellRefused", message, component });
  }

  /** Forgets a Cell that is as it should be, or gone. */
  forget(key: string): void {
    this.#refusals.delete(key);
  }
}

function messageOf(outcome: CellOutcome): string {
  switch (outcome.kind) {
    case "derived":
      return `Made KubeFedCluster ${quoted(outcome.member)} from ${quoted(outcome.cluster)}`;
    case "changed":
      return `Brought KubeFedCluster ${quoted(outcome.member)} up to date with ${quoted(outcome.cluster)}`;
    case "removed":
      return `Removed KubeFedCluster ${quoted(outcome.member)}`;
    case "refused":
      return outcome.message;
  }
}

function quoted(name: string): string {
  return JSON.stringify(name);
}
