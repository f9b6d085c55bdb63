import { isDeepStrictEqual } from "node:util";
import {
  type BidiMethod,
  type ClientCall,
  GrpcChannel,
  isGrpcError,
  type Metadata,
  statusCodes,
  type UnaryMethod,
} from "@cellplane/grpc";
import { type JsonMessage, jsonCodec, textOf } from "./json-codec.ts";
import { planReplay, type ReplayStep } from "./plan-replay.ts";
import { comparable, LeaseNames } from "./same-answer.ts";
import type { SessionLine } from "./session-line.ts";

/** What came of a replay. */
export interface ReplayResult {
  /** Answers that were as recorded: of calls, and on streams. */
  readonly equal: number;
  readonly differences: readonly Difference[];
}

/** An answer that was not as recorded. */
export interface Difference {
  readonly line: Pick<SessionLine, "id" | "call" | "phase">;
  readonly recorded: unknown;
  readonly answered: unknown;
}

const answerWithinMs = 30_000;
const askAgainMs = 3000;
const lookEveryMs = 200;

/**
 * Repeats a recorded session, on as many connections and streams, and compares each answer. The
 * store must be empty, as it was when the session was recorded.
 */
export async function replaySession(
  lines: readonly SessionLine[],
  url: string,
): Promise<ReplayResult> {
  await using replay = new Replay(lines, url);
  for (const step of planReplay(lines)) await replay.run(step);
  return replay;
}

class Replay implements AsyncDisposable, ReplayResult {
  readonly differences: Difference[] = [];
  equal = 0;
  readonly #lines: readonly SessionLine[];
  readonly #url: string;
  readonly #channels = new Map<number, GrpcChannel>();
  readonly #streams = new Map<number, ReplayedStream>();
  readonly #recorded = new LeaseNames();
  readonly #answered = new LeaseNames();

  constructor(lines: readonly SessionLine[], url: string) {
    this.#lines = lines;
    this.#url = url;
  }

  async run(step: ReplayStep): Promise<void> {
    const { line } = step;
    switch (step.kind) {
      case "call":
        return this.#call(line);
      case "open": {
        const call = this.#channelOf(line).bidi(watchMethod, { metadata: metadataOf(line) });
        this.#streams.set(line.id, new ReplayedStream(call));
        return;
      }
      case "send":
        return this.#streamOf(line).ask(line.request ?? {});
      case "leave": {
        const stream = this.#streamOf(line);
        await stream.reach(step.events);
        this.#compareStream(line, stream.answers);
        stream.leave();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const channel of this.#channels.values()) await channel[Symbol.asyncDispose]();
  }

  async #call(line: SessionLine): Promise<void> {
    const method = unaryMethod(line.call);
    const request = withLease(line.request ?? {}, (id) =>
      this.#answered.idOf(this.#recorded.nameOf(id)),
    );
    const options = { metadata: metadataOf(line), timeoutMs: answerWithinMs };
    try {
      const answer = await this.#channelOf(line).unary(method, request, options);
      if (line.call === "Lease.LeaseGrant") {
        this.#recorded.grant(textOf(line.response?.["ID"]));
        this.#answered.grant(textOf(answer["ID"]));
      }
      this.#compare(line, line.response, answer);
    } catch (error) {
      if (!isGrpcError(error)) throw error;
      const { status, message } = error;
      const told = { error: { code: statusCodes[status], message } };
      this.#note(line, { error: line.error }, told);
    }
  }

  #compareStream(line: SessionLine, answers: readonly JsonMessage[]): void {
    const recorded = this.#lines
      .filter(({ id, event }) => id === line.id && event === "response")
      .map(({ response }) => response ?? {});
    for (let i = 0; i < Math.max(recorded.length, answers.length); i++) {
      this.#compare(line, recorded[i], answers[i]);
    }
  }

  #compare(
    line: SessionLine,
    recorded: JsonMessage | undefined,
    answered: JsonMessage | undefined,
  ): void {
    const theirs = recorded && comparable(recorded, this.#recorded);
    this.#note(line, theirs, answered && comparable(answered, this.#answered));
  }

  #note({ id, call, phase }: SessionLine, recorded: unknown, answered: unknown): void {
    if (isDeepStrictEqual(recorded, answered)) this.equal += 1;
    else this.differences.push({ line: { id, call, phase }, recorded, answered });
  }

  #channelOf({ conn = 0 }: SessionLine): GrpcChannel {
    const known = this.#channels.get(conn);
    if (known) return known;
    const channel = new GrpcChannel({ target: this.#url, maxReceiveBytes: 64 * 2 ** 20 });
    this.#channels.set(conn, channel);
    return channel;
  }

  #streamOf({ id }: SessionLine): ReplayedStream {
    const stream = this.#streams.get(id);
    if (!stream) throw new Error(`Cannot go on with stream ${id} as it was not opened`);
    return stream;
  }
}

/** A watch stream of the replay, with all that it was answered. */
class ReplayedStream {
  readonly answers: JsonMessage[] = [];
  readonly #call: ClientCall<JsonMessage, JsonMessage>;
  #events = 0;
  #asked: JsonMessage | undefined;
  /** Questions that were asked twice, so that there may be an answer too many. */
  #repeats = 0;
  #wake: () => void = () => undefined;

  constructor(call: ClientCall<JsonMessage, JsonMessage>) {
    this.#call = call;
    call.consume({
      onMessage: (message) => {
        this.#take(message);
        this.#wake();
      },
      onEnd: () => this.#wake(),
    });
  }

  /** Sends a request, and waits for its answer. */
  async ask(request: JsonMessage): Promise<void> {
    this.#asked = request;
    this.#call.send(request);
    // As kube-apiserver does: etcd says nothing where a watch of the stream has not caught up.
    const again = setInterval(() => {
      if (request["progress_request"] === undefined) return;
      this.#repeats += 1;
      this.#call.send(request);
    }, askAgainMs);
    try {
      await this.#until(() => this.#asked === undefined);
    } finally {
      clearInterval(again);
    }
  }

  /** Waits for so many answers with events. */
  async reach(events: number): Promise<void> {
    await this.#until(() => this.#events >= events);
  }

  leave(): void {
    this.#call.cancel();
  }

  #take(message: JsonMessage): void {
    if (message["events"] === undefined && !this.#asked && this.#repeats > 0) {
      this.#repeats -= 1;
      return;
    }
    this.answers.push(message);
    if (message["events"] === undefined) this.#asked = undefined;
    else this.#events += 1;
  }

  async #until(isSo: () => boolean): Promise<void> {
    const deadline = performance.now() + answerWithinMs;
    while (!isSo() && performance.now() < deadline) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, lookEveryMs);
        this.#wake = (): void => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

const watchMethod: BidiMethod<JsonMessage, JsonMessage> = {
  kind: "bidi",
  path: "/etcdserverpb.Watch/Watch",
  request: jsonCodec("WatchRequest"),
  response: jsonCodec("WatchResponse"),
};

const messagesOf: Readonly<Record<string, string>> = {
  "KV.Range": "Range",
  "KV.Txn": "Txn",
  "KV.Compact": "Compaction",
  "Lease.LeaseGrant": "LeaseGrant",
  "Maintenance.Status": "Status",
};

function unaryMethod(call: string): UnaryMethod<JsonMessage, JsonMessage> {
  const name = messagesOf[call] ?? "";
  return {
    kind: "unary",
    path: `/etcdserverpb.${call.replace(".", "/")}`,
    request: jsonCodec(`${name}Request`),
    response: jsonCodec(`${name}Response`),
  };
}

function metadataOf({ metadata = {} }: SessionLine): Metadata {
  return metadata;
}

/** The request with the ids of this server's leases. */
function withLease(request: JsonMessage, idOf: (id: string) => string): JsonMessage {
  const text = JSON.stringify(request, (name, value: unknown) =>
    name === "lease" ? idOf(String(value)) : value,
  );
  return JSON.parse(text) as JsonMessage;
}
