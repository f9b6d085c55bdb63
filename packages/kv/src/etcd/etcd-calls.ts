import { setTimeout as sleep } from "node:timers/promises";
import { rangeRequest, type ResponseHeader } from "@cellplane/etcd-api";
import { GrpcError, type UnaryMethod } from "@cellplane/grpc";
import { OutcomeUnknownError, RevisionsLostError, UnavailableError } from "../store/kv-error.ts";
import type { Revision } from "../store/mvcc-store.ts";
import { type EtcdFailure, readEtcdFailure } from "./etcd-failure.ts";
import type { EtcdMember, EtcdMembers } from "./etcd-members.ts";
import { etcdMethods } from "./etcd-methods.ts";
import type { CallStart, HeadGuard } from "./head-guard.ts";
import { explainUnreachable } from "./explain-unreachable.ts";

/** The revision of a call is no longer kept, or not yet written; the caller knows which one it was. */
export class RevisionRefused extends Error {
  override readonly name = "RevisionRefused";
  readonly kind: "compacted" | "future";

  constructor(kind: "compacted" | "future") {
    super(`The revision is ${kind}`);
    this.kind = kind;
  }
}

/** What a call is. */
export interface CallIntent {
  /** A write is repeated only where the first one was surely not executed. */
  readonly kind: "read" | "write";
  /**
   * The answer's revision is the cluster's, not only what one member has seen, so it can be held
   * against what was known before.
   */
  readonly isLinearizable: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** An answer of etcd. */
interface Answer {
  readonly header: ResponseHeader | undefined;
}

/** How long a call waits for a cluster that is away, in milliseconds. A signal may end it before. */
export const patienceMs = 10_000;

/** Unary calls to whichever member answers. */
export class EtcdCalls {
  readonly #members: EtcdMembers;
  readonly #guard: HeadGuard;
  readonly #closing: AbortSignal;
  readonly #absentKey: Buffer;
  readonly #onLost: (error: RevisionsLostError) => void;

  /** After `closing` has aborted all calls fail with its reason. `onLost` is told that the cluster went back. */
  constructor(deps: {
    readonly members: EtcdMembers;
    readonly guard: HeadGuard;
    readonly closing: AbortSignal;
    /** A key that there never is, and that our user may read: nothing is cheaper. */
    readonly absentKey: Buffer;
    readonly onLost: (error: RevisionsLostError) => void;
  }) {
    this.#members = deps.members;
    this.#guard = deps.guard;
    this.#closing = deps.closing;
    this.#absentKey = deps.absentKey;
    this.#onLost = deps.onLost;
  }

  /**
   * Calls until a member has answered.
   * @throws {KvError | RevisionRefused} Or the reason of `signal`.
   */
  async call<Request, Response extends Answer>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    intent: CallIntent,
  ): Promise<Response> {
    const start = this.#guard.begin();
    let deadlineMs = 0;
    for (let attempt = 0; ; attempt++) {
      this.#closing.throwIfAborted();
      intent.signal?.throwIfAborted();
      const member = this.#members.current;
      const result = await this.#try(member, { method, request, intent });
      if (!("error" in result)) return this.#checked(result.answer, { start, intent });
      if (attempt === 0) deadlineMs = performance.now() + patienceMs;
      this.#throwIfFinal(member, { ...result, intent });
      if (performance.now() > deadlineMs) throw away(member, result.error);
      await this.#pause(attempt, intent.signal);
    }
  }

  /** The head, linearizable. @throws {KvError} */
  async readHead(): Promise<Revision> {
    const request = rangeRequest.create({ key: this.#absentKey, limit: 1, keysOnly: true });
    const intent = { kind: "read", isLinearizable: true } as const;
    const { header } = await this.call(etcdMethods.range, request, intent);
    return header?.revision ?? 0;
  }

  async #try<Request, Response extends Answer>(
    member: EtcdMember,
    call: {
      readonly method: UnaryMethod<Request, Response>;
      readonly request: Request;
      readonly intent: CallIntent;
    },
  ): Promise<
    { readonly answer: Response } | { readonly error: GrpcError; readonly failure: EtcdFailure }
  > {
    let isSent = false;
    try {
      const who = this.#members.credentials(member);
      const metadata = who instanceof Promise ? await who : who;
      isSent = true;
      const { signal } = call.intent;
      const options = { ...(signal ? { signal } : {}), ...(metadata ? { metadata } : {}) };
      return { answer: await member.calls.unary(call.method, call.request, options) };
    } catch (error) {
      if (!(error instanceof GrpcError)) throw error;
      const failure = readEtcdFailure(error);
      const isOpen = failure.kind === "unknown" && isSent;
      return { error, failure: failure.kind !== "unknown" || isOpen ? failure : unwritten };
    }
  }

  /** Returns where another try may do. */
  #throwIfFinal(
    member: EtcdMember,
    {
      error,
      failure,
      intent,
    }: { readonly error: GrpcError; readonly failure: EtcdFailure; readonly intent: CallIntent },
  ): void {
    const isOpen = intent.kind === "write" && failure.kind === "unknown";
    if (intent.signal?.aborted && !isOpen) throw intent.signal.reason;
    switch (failure.kind) {
      case "refused":
        throw failure.error;
      case "compacted":
      case "future":
        throw new RevisionRefused(failure.kind);
      case "token":
        return this.#members.forgetToken();
      case "unwritten":
      case "unknown":
        if (!intent.signal?.aborted) this.#members.passOver(member);
    }
    if (!isOpen) return;
    throw new OutcomeUnknownError(
      `Cannot tell whether the write was committed as etcd at ${member.endpoint} did not answer: ${error.message}`,
      { cause: error },
    );
  }

  #checked<Response extends Answer>(
    answer: Response,
    { start, intent }: { readonly start: CallStart; readonly intent: CallIntent },
  ): Response {
    if (!answer.header) return answer;
    try {
      if (intent.isLinearizable) this.#guard.check(answer.header, start);
      else this.#guard.checkCluster(answer.header.clusterId);
      return answer;
    } catch (error) {
      if (error instanceof RevisionsLostError) this.#onLost(error);
      throw error;
    }
  }

  /** The first round over all members is without a pause. */
  async #pause(attempt: number, signal: AbortSignal | undefined): Promise<void> {
    const rounds = Math.floor((attempt + 1) / this.#members.count);
    if (rounds === 0) return;
    const ceilingMs = Math.min(1000, 25 * 2 ** Math.min(rounds, 10));
    const either = signal ? AbortSignal.any([signal, this.#closing]) : this.#closing;
    // What was aborted is thrown by the loop, with its reason.
    await sleep(ceilingMs * (0.5 + Math.random() / 2), undefined, { signal: either }).catch(
      () => {},
    );
  }
}

const unwritten: EtcdFailure = { kind: "unwritten" };

function away({ endpoint }: EtcdMember, error: GrpcError): UnavailableError {
  const at = error.message.includes(endpoint) ? "" : ` at ${endpoint}`;
  return new UnavailableError(`Cannot reach etcd${at}: ${explainUnreachable(error.message)}`, {
    cause: error,
  });
}
