import type { MemberName } from "@cellplane/federation";
import type { WriteResult } from "./dispatch.ts";

// A member that needs longer holds up a worker, and with it other objects.
const defaultPatienceMs = 2000;

/** A write under way: of which object, to which member, planned for which generation. */
export interface SentWrite {
  readonly key: string;
  readonly member: MemberName;
  readonly generation: number;
}

/**
 * Writes that are not waited for any longer. They are under way all the same: until one ends, its
 * member gets no other write of that object, and no later generation counts as observed.
 */
export class LateWrites {
  readonly #pending = new Map<string, Map<MemberName, number>>();
  readonly #onEnd: (key: string) => void;
  readonly #patienceMs: number;

  /** `onEnd` is told of the object whose late write has ended. */
  constructor(onEnd: (key: string) => void, patienceMs: number = defaultPatienceMs) {
    this.#onEnd = onEnd;
    this.#patienceMs = patienceMs;
  }

  /** Whether a write of an object is under way, to `member` or to any. */
  isPending(key: string, member?: MemberName): boolean {
    const members = this.#pending.get(key);
    return member === undefined ? members !== undefined : members?.has(member) === true;
  }

  /** Whether a write that was planned for an earlier generation is under way. */
  isBehind(key: string, generation: number): boolean {
    const members = this.#pending.get(key)?.values() ?? [];
    return Array.from(members).some((planned) => planned < generation);
  }

  /** The result of a write, or that it is late: then it goes on by itself. */
  async waitFor(write: SentWrite, sent: Promise<WriteResult>): Promise<WriteResult> {
    const { promise: patience, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#patienceMs);
    try {
      const result = await Promise.race([sent, patience]);
      if (result) return result;
    } finally {
      clearTimeout(timer);
    }
    void this.#follow(write, sent);
    const message = `the member has not answered for ${this.#patienceMs / 1000} s; the write is still under way`;
    return { kind: "timedOut", message };
  }

  async #follow({ key, member, generation }: SentWrite, sent: Promise<WriteResult>): Promise<void> {
    const members = this.#pending.get(key) ?? new Map<MemberName, number>();
    members.set(member, generation);
    this.#pending.set(key, members);
    try {
      await sent;
    } catch {
      // Aborted: nobody waits for it any more.
    }
    members.delete(member);
    if (members.size === 0) this.#pending.delete(key);
    this.#onEnd(key);
  }
}
