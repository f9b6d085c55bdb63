import { createHash } from "node:crypto";
import type { ResponseHeader } from "@cellplane/etcd-api";
import type { LeaseStore, MvccStore, StoreStatus } from "@cellplane/kv";
import { GrpcError } from "@cellplane/grpc";
import type { EtcdLimits } from "./etcd-limits.ts";
import { LeaderMonitor } from "./leader-monitor.ts";
import { SpaceAlarm } from "./space-alarm.ts";

/** The version that clients take us for: kube-apiserver asks for progress only from 3.5.13 on. */
export const etcdVersion = "3.6.14";

const raftTerm = 2;

/** Who answers: the store, and the ids that it has for etcd's clients. */
export class EtcdContext {
  readonly store: MvccStore;
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly raftTerm: number = raftTerm;
  readonly clientUrls: readonly string[];
  readonly limits: EtcdLimits;
  readonly alarm: SpaceAlarm = new SpaceAlarm();
  readonly leader: LeaderMonitor;

  constructor(
    store: MvccStore,
    {
      status,
      clientUrls,
      limits,
    }: {
      readonly status: StoreStatus;
      readonly clientUrls: readonly string[];
      readonly limits: EtcdLimits;
    },
  ) {
    this.store = store;
    this.clusterId = nonZero(BigInt(`0x${status.clusterId}`));
    this.memberId = memberIdOf(status.clusterId);
    this.clientUrls = clientUrls;
    this.limits = limits;
    this.leader = new LeaderMonitor(store);
  }

  /** The header of an answer at a revision. */
  header(revision: number): ResponseHeader {
    const { clusterId, memberId } = this;
    return { clusterId, memberId, revision, raftTerm };
  }

  /** The header of an answer now. */
  async headerNow(): Promise<ResponseHeader> {
    return this.header(await this.store.headRevision());
  }

  /** @throws {GrpcError} The store has no leases. */
  leases(): LeaseStore {
    const { leases } = this.store;
    if (!leases) throw new GrpcError("UNIMPLEMENTED", "This datastore has no leases");
    return leases;
  }
}

function memberIdOf(clusterId: string): bigint {
  return nonZero(createHash("sha256").update(`member ${clusterId}`).digest().readBigUInt64BE());
}

/** Clients take 0 for "no id". */
function nonZero(id: bigint): bigint {
  return id === 0n ? 1n : id;
}
