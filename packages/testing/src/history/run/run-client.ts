import type { MvccStore } from "@cellplane/kv";
import type { Random } from "../../model/random.ts";
import type { ClientView } from "../generate/client-view.ts";
import { type Abilities, generateRequest } from "../generate/generate-request.ts";
import type { Recorder } from "../record/recorder.ts";
import { nowUs } from "../record/records.ts";
import { runRequest } from "./run-request.ts";

/** Longest wait for one answer, in milliseconds. */
const answerWithinMs = 15_000;

/** After a failure, so that a store that is away is not asked a thousand times a second. */
const pauseAfterFailureMs = 20;

/** What a client works with. */
export interface ClientParts {
  /** The store as it is now: it may be closed and opened anew meanwhile. */
  readonly store: () => MvccStore;
  readonly process: string;
  readonly random: Random;
  readonly view: ClientView;
  readonly abilities: Abilities;
  readonly recorder: Recorder;
  readonly onAnswer: () => void;
}

/** Asks one thing after the other until the signal aborts, and records all of it. */
export async function runClient(parts: ClientParts, signal: AbortSignal): Promise<void> {
  const { view, random, recorder, abilities } = parts;
  const c = view.client;
  while (!signal.aborted) {
    const { label, request: q } = generateRequest(random, view, abilities);
    const n = view.count;
    recorder.record({ t: "call", c, n, at: nowUs(), p: parts.process, label, q });
    const o = await runRequest(parts.store(), q, AbortSignal.timeout(answerWithinMs));
    recorder.record({ t: "return", c, n, at: nowUs(), o });
    view.note(q, o);
    parts.onAnswer();
    // A store in memory answers at once: timers and messages must have their turn, too.
    await new Promise((resolve) => setImmediate(resolve));
    if (o.is === "unknown" || o.is === "refused" || o.is === "lost") {
      await pause(pauseAfterFailureMs);
    }
  }
}

/** Waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
