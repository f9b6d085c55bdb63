import {
  empty,
  headerOnly,
  leaseGrantRequest,
  leaseGrantResponse,
  leaseIdRequest,
  type LeaseIdRequest,
  leaseKeepAliveResponse,
  type LeaseKeepAliveResponse,
  leaseLeasesResponse,
  leaseTimeToLiveRequest,
  leaseTimeToLiveResponse,
} from "@cellplane/etcd-api";
import { type BidiMethod, type GrpcHandler, handleBidi } from "@cellplane/grpc";
import type { EtcdContext } from "../context/etcd-context.ts";
import { toEtcdError } from "../context/etcd-error.ts";
import { leaseNumber, newLeaseNumber } from "../context/lease-number.ts";
import { answer } from "./answer.ts";

/** `etcdserverpb.Lease`. */
export function createLeaseService(context: EtcdContext): readonly GrpcHandler[] {
  return [
    answer(
      "Lease/LeaseGrant",
      { request: leaseGrantRequest, response: leaseGrantResponse },
      async ({ id, ttl }) => {
        const wanted = { id: newLeaseNumber(id), ttlSeconds: ttl };
        const lease = await context.alarm.guard(() => context.leases().grant(wanted));
        const header = await context.headerNow();
        return { header, id: lease.id, ttl: lease.ttlSeconds, error: "" };
      },
    ),
    answer(
      "Lease/LeaseRevoke",
      { request: leaseIdRequest, response: headerOnly },
      async ({ id }) => ({
        header: context.header(await context.leases().revoke(leaseNumber(id))),
      }),
    ),
    handleBidi(keepAliveMethod, async ({ requests, responses }) => {
      for await (const { id } of requests) responses.send(await keepAlive(context, id));
    }),
    answer(
      "Lease/LeaseTimeToLive",
      { request: leaseTimeToLiveRequest, response: leaseTimeToLiveResponse },
      async ({ id, keys }) => {
        const header = await context.headerNow();
        const state = typeof id === "number" ? await context.leases().timeToLive(id) : undefined;
        // So says etcd that there is no such lease.
        if (!state) return { header, id, ttl: -1, grantedTtl: 0, keys: [] };
        const { remainingSeconds: ttl, ttlSeconds: grantedTtl } = state;
        return { header, id, ttl, grantedTtl, keys: keys ? state.keys : [] };
      },
    ),
    answer("Lease/LeaseLeases", { request: empty, response: leaseLeasesResponse }, async () => ({
      header: await context.headerNow(),
      leases: await context.leases().list(),
    })),
  ];
}

const keepAliveMethod: BidiMethod<LeaseIdRequest, LeaseKeepAliveResponse> = {
  kind: "bidi",
  path: "/etcdserverpb.Lease/LeaseKeepAlive",
  request: leaseIdRequest,
  response: leaseKeepAliveResponse,
};

async function keepAlive(
  context: EtcdContext,
  id: number | bigint,
): Promise<LeaseKeepAliveResponse> {
  try {
    // The header first: a lease that was kept alive must not seem to outlive its end.
    const header = await context.headerNow();
    const lease = typeof id === "number" ? await context.leases().keepAlive(id) : undefined;
    return { header, id, ttl: lease?.ttlSeconds ?? 0 };
  } catch (error) {
    throw toEtcdError(error);
  }
}
