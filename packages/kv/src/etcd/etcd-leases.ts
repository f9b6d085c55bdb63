import { randomInt } from "node:crypto";
import { GrpcError } from "@cellplane/grpc";
import { InvalidRequestError, OutcomeUnknownError, UnavailableError } from "../store/kv-error.ts";
import type { Lease, LeaseState, LeaseStore, Revision } from "../store/mvcc-store.ts";
import type { CallIntent, EtcdCalls } from "./etcd-calls.ts";
import { readEtcdFailure } from "./etcd-failure.ts";
import type { EtcdMembers } from "./etcd-members.ts";
import { etcdMethods } from "./etcd-methods.ts";
import type { KeySpace } from "./key-space.ts";
import type { LeaseIds } from "./lease-ids.ts";

/** Ids that the driver chooses are below it: `randomInt` goes no further. */
const maxOwnId = 2 ** 48 - 1;

/** How many leases are looked at together for a list. */
const listAtOnce = 32;

/** A linearizable answer for a caller; a lease's headers are those of one member. */
const readIntent: CallIntent = { kind: "read", isLinearizable: false };
const writeIntent: CallIntent = { kind: "write", isLinearizable: false };

/** What leases stand on. */
export interface EtcdLeasesDependencies {
  readonly calls: EtcdCalls;
  readonly members: EtcdMembers;
  readonly keys: KeySpace;
  readonly ids: LeaseIds;
  readonly closing: AbortSignal;
  /** Resolves once the watches have been handed what a lease's end at `revision` deleted. */
  readonly settle: (revision: Revision) => Promise<void>;
}

/** Leases in etcd: it measures their time, and ends them. */
export class EtcdLeases implements LeaseStore {
  readonly #deps: EtcdLeasesDependencies;

  constructor(deps: EtcdLeasesDependencies) {
    this.#deps = deps;
  }

  async grant({ id, ttlSeconds }: Lease): Promise<Lease> {
    if (id !== 0) return this.#grant({ id, ttlSeconds });
    for (;;) {
      const lease = { id: randomInt(1, maxOwnId), ttlSeconds };
      try {
        return await this.#grant(lease);
      } catch (error) {
        // Nobody else has this id, so it is there since the answer was lost.
        if (error instanceof OutcomeUnknownError) {
          const granted = await this.timeToLive(lease.id);
          if (granted) return { id: granted.id, ttlSeconds: granted.ttlSeconds };
        } else if (!isRefusal(error, "leaseExists")) throw error;
      }
    }
  }

  async revoke(id: number): Promise<Revision> {
    const wire = { id: this.#deps.ids.toWire(id) };
    for (let attempt = 0; ; attempt++) {
      try {
        const { calls } = this.#deps;
        const { header } = await calls.call(etcdMethods.leaseRevoke, wire, writeIntent);
        const revision = header?.revision ?? 0;
        await this.#deps.settle(revision);
        return revision;
      } catch (error) {
        if (error instanceof OutcomeUnknownError && attempt < 2) continue;
        // It went with the attempt whose answer was lost.
        if (attempt > 0 && isRefusal(error, "leaseNotFound")) return this.#deps.calls.readHead();
        throw error;
      }
    }
  }

  async keepAlive(id: number): Promise<Lease | undefined> {
    for (let attempt = 0; ; attempt++) {
      this.#deps.closing.throwIfAborted();
      const member = this.#deps.members.current;
      try {
        const ttl = await this.#keepAliveOnce(id);
        return ttl > 0 ? { id, ttlSeconds: ttl } : undefined;
      } catch (error) {
        if (!(error instanceof GrpcError)) throw error;
        const failure = readEtcdFailure(error);
        if (failure.kind === "refused") throw failure.error;
        if (failure.kind === "token") this.#deps.members.forgetToken();
        else this.#deps.members.passOver(member);
        if (attempt >= 2) {
          throw new UnavailableError(`Cannot keep a lease alive: ${error.message}`, {
            cause: error,
          });
        }
        // Waits for a member that answers.
        await this.#deps.calls.readHead();
      }
    }
  }

  async timeToLive(id: number): Promise<LeaseState | undefined> {
    const { calls, ids, keys } = this.#deps;
    const request = { id: ids.toWire(id), keys: true };
    const answer = await calls.call(etcdMethods.leaseTimeToLive, request, readIntent);
    // So says etcd that there is none.
    if (answer.ttl < 0) return undefined;
    const ours = answer.keys.filter((key) => keys.has(key)).map((key) => keys.fromWire(key));
    return {
      id,
      ttlSeconds: answer.grantedTtl,
      remainingSeconds: answer.ttl,
      keys: ours.sort((a, b) => Buffer.compare(a, b)),
    };
  }

  async list(): Promise<readonly Lease[]> {
    const { calls, ids } = this.#deps;
    const { leases } = await calls.call(etcdMethods.leaseLeases, {}, readIntent);
    const states: LeaseState[] = [];
    for (let i = 0; i < leases.length; i += listAtOnce) {
      const some = leases
        .slice(i, i + listAtOnce)
        .map(({ id }) => this.timeToLive(ids.toNumber(id)));
      for (const state of await Promise.all(some)) if (state) states.push(state);
    }
    states.sort((a, b) => a.remainingSeconds - b.remainingSeconds);
    return states.map(({ id, ttlSeconds }) => ({ id, ttlSeconds }));
  }

  async #grant({ id, ttlSeconds }: Lease): Promise<Lease> {
    const { calls, ids } = this.#deps;
    const request = { id: ids.toWire(id), ttl: ttlSeconds };
    const { ttl } = await calls.call(etcdMethods.leaseGrant, request, writeIntent);
    return { id, ttlSeconds: ttl };
  }

  async #keepAliveOnce(id: number): Promise<number> {
    const stream = await this.#deps.members.openStream(etcdMethods.leaseKeepAlive);
    try {
      stream.send({ id: this.#deps.ids.toWire(id) });
      const answer = await stream.read();
      if (!answer) throw new GrpcError("UNAVAILABLE", "etcd ended the stream of a lease");
      return answer.ttl;
    } finally {
      stream.cancel();
    }
  }
}

function isRefusal(error: unknown, reason: InvalidRequestError["reason"]): boolean {
  return error instanceof InvalidRequestError && error.reason === reason;
}
