import type { JsonMessage } from "./json-codec.ts";
import type { SessionLine } from "./session-line.ts";

/** One step of a replay, in the order in which the recorded server took them. */
export type ReplayStep =
  | { readonly kind: "call"; readonly line: SessionLine }
  | { readonly kind: "open"; readonly line: SessionLine }
  /** `answer`: what the stream says to it, among events that come by themselves. */
  | { readonly kind: "send"; readonly line: SessionLine; readonly answer: JsonMessage }
  /** `events`: how many answers with events the stream has had by then. */
  | { readonly kind: "leave"; readonly line: SessionLine; readonly events: number };

interface Placed {
  readonly step: ReplayStep;
  /** The store's revision when it took effect. */
  readonly revision: number;
  /** 0: the write that made the revision. */
  readonly rank: 0 | 1;
}

/**
 * The order in which calls that overlapped took effect, so that they can be repeated one by one: by
 * the revisions in their answers, a revision's write before the reads of it, else as they began.
 */
export function planReplay(lines: readonly SessionLine[]): readonly ReplayStep[] {
  const placed: Placed[] = [];
  const streams = new Map<number, StreamPlan>();
  // What tells no revision takes effect where the call before it did.
  let newest = 0;
  for (const line of lines) {
    if (line.event === undefined) {
      const revision = revisionOf(line.response) ?? newest;
      newest = Math.max(newest, revision);
      placed.push({ step: { kind: "call", line }, revision, rank: isWrite(line) ? 0 : 1 });
      continue;
    }
    const stream = streams.get(line.id) ?? new StreamPlan(newest);
    streams.set(line.id, stream);
    const step = stream.take(line, newest);
    if (step) placed.push({ step, revision: stream.revision, rank: 1 });
  }
  // What is sent takes effect where its answer says.
  const settled = [...streams.values()].flatMap((stream) => stream.sent);
  return [...placed, ...settled]
    .toSorted(
      (a, b) =>
        a.revision - b.revision ||
        a.rank - b.rank ||
        indexOf(lines, a.step) - indexOf(lines, b.step),
    )
    .map(({ step }) => step);
}

/** A watch stream: which answer belongs to which request. */
class StreamPlan {
  revision: number;
  readonly sent: Placed[] = [];
  readonly #waiting: SessionLine[] = [];
  #events = 0;

  constructor(revision: number) {
    this.revision = revision;
  }

  take(line: SessionLine, newest: number): ReplayStep | undefined {
    switch (line.event) {
      case "request":
        this.#waiting.push(line);
        return undefined;
      case "response":
        this.#answer(line);
        return undefined;
      case "cancelled by client":
        this.revision = Math.max(this.revision, newest);
        return { kind: "leave", line, events: this.#events };
      case "open":
        return { kind: "open", line };
      default:
        return undefined;
    }
  }

  #answer({ response = {} }: SessionLine): void {
    this.revision = Math.max(this.revision, revisionOf(response) ?? 0);
    if (response["events"] !== undefined) {
      this.#events += 1;
      return;
    }
    const line = this.#waiting.shift();
    if (!line) throw new Error("Cannot tell to which request a stream's answer belongs");
    const step: ReplayStep = { kind: "send", line, answer: response };
    this.sent.push({ step, revision: this.revision, rank: 1 });
  }
}

/** The revision in the header of an answer. */
export function revisionOf(response: JsonMessage | undefined): number | undefined {
  const header = response?.["header"] as JsonMessage | undefined;
  const revision = header?.["revision"];
  return revision === undefined ? undefined : Number(revision);
}

function isWrite({ call, response }: SessionLine): boolean {
  return call === "KV.Txn" && response?.["succeeded"] === true;
}

const indexes = new WeakMap<readonly SessionLine[], Map<SessionLine, number>>();

function indexOf(lines: readonly SessionLine[], { line }: ReplayStep): number {
  const known = indexes.get(lines) ?? new Map(lines.map((each, i) => [each, i] as const));
  indexes.set(lines, known);
  return known.get(line) ?? 0;
}
