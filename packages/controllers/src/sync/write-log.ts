import type { LastWrite, SyncOperation, WriteOutcome } from "@cellplane/federation";
import { formatTime } from "../shared/format-time.ts";

// About 250 bytes each; objects that were not written to for the longest are forgotten first.
const maxWrites = 20_000;

/** The last write to each member of each object, as long as this process remembers it. */
export class WriteLog {
  readonly #objects = new Map<string, Map<string, LastWrite>>();
  readonly #limit: number;
  #size = 0;

  constructor(limit: number = maxWrites) {
    this.#limit = limit;
  }

  /** The last write of an object to a member. */
  lastIn(key: string, member: string): LastWrite | undefined {
    return this.#objects.get(key)?.get(member);
  }

  /** Notes what a write came to; one that was never sent is none. */
  note(
    key: string,
    member: string,
    write: {
      readonly operation: SyncOperation["kind"];
      readonly outcome: WriteOutcome;
      readonly nowMs: number;
    },
  ): void {
    const { operation, outcome, nowMs } = write;
    if (operation === "none" || outcome.kind === "none" || outcome.kind === "stale") return;
    const members = this.#objects.get(key) ?? new Map<string, LastWrite>();
    if (!members.has(member)) this.#size += 1;
    members.set(member, { time: formatTime(nowMs), operation, ...resultOf(outcome) });
    this.#objects.delete(key);
    this.#objects.set(key, members);
    this.#evict();
  }

  /** Forgets an object that is gone. */
  forget(key: string): void {
    this.#size -= this.#objects.get(key)?.size ?? 0;
    this.#objects.delete(key);
  }

  #evict(): void {
    for (const key of this.#objects.keys()) {
      if (this.#size <= this.#limit) return;
      this.forget(key);
    }
  }
}

function resultOf(outcome: WriteOutcome): Pick<LastWrite, "result" | "message"> {
  switch (outcome.kind) {
    case "failed":
      return { result: "Failed", message: outcome.message };
    case "timedOut":
      return { result: "TimedOut", message: outcome.message };
    default:
      return { result: "Succeeded", message: "" };
  }
}
