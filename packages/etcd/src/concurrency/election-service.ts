import {
  campaignRequest,
  campaignResponse,
  headerOnly,
  leaderRequest,
  type LeaderRequest,
  leaderResponse,
  type LeaderResponse,
  proclaimRequest,
  type ProclaimRequest,
} from "@cellplane/etcd-api";
import {
  GrpcError,
  type GrpcHandler,
  handleServerStream,
  type ServerStreamMethod,
} from "@cellplane/grpc";
import type { KeyValue, Operation, Revision } from "@cellplane/kv";
import type { EtcdContext } from "../context/etcd-context.ts";
import { toEtcdError } from "../context/etcd-error.ts";
import { leaseNumber } from "../context/lease-number.ts";
import { toBuffer } from "../context/to-buffer.ts";
import { answer } from "../services/answer.ts";
import { nextChange } from "./next-change.ts";
import { firstOf, leavePlace, placesOf, takePlace, waitForTurn } from "./queue.ts";

/** `v3electionpb.Election`: who is at the head of the queue leads, and proclaims a value. */
export function createElectionService(context: EtcdContext): readonly GrpcHandler[] {
  const { store } = context;
  return [
    answer(
      "/v3electionpb.Election/Campaign",
      { request: campaignRequest, response: campaignResponse },
      async ({ name, lease, value }, signal) => {
        const wanted = toBuffer(value);
        const place = await takePlace(context, { name, lease, value: wanted }, signal);
        const leader = { name, key: place.key, rev: place.createRevision, lease: place.lease };
        try {
          if (!place.value.equals(wanted)) await proclaim(context, { leader, value }, signal);
          await waitForTurn(store, { name, place }, signal);
          return { header: context.header(place.revision), leader };
        } catch (error) {
          await leavePlace(store, place);
          throw error;
        }
      },
    ),
    answer(
      "/v3electionpb.Election/Proclaim",
      { request: proclaimRequest, response: headerOnly },
      async (request, signal) => ({
        header: context.header(await proclaim(context, request, signal)),
      }),
    ),
    answer(
      "/v3electionpb.Election/Leader",
      { request: leaderRequest, response: leaderResponse },
      async ({ name }, signal) => {
        const { kvs, revision } = await store.range(placesOf(name), signal);
        const kv = firstOf(kvs);
        if (!kv) throw new GrpcError("UNKNOWN", "election: no leader");
        return { header: context.header(revision), kv };
      },
    ),
    answer(
      "/v3electionpb.Election/Resign",
      { request: proclaimRequest, response: headerOnly },
      async (request, signal) => {
        const { key } = leaderOf(request);
        const { revision } = await ifLeading(context, request, { kind: "delete", key }, signal);
        return { header: context.header(revision) };
      },
    ),
    handleServerStream(observeMethod, async ({ name }, responses, { signal }) => {
      try {
        for await (const { kv, revision } of observe(context, name, signal)) {
          const isRoom = responses.send({ header: context.header(revision), kv });
          if (!isRoom) await responses.drained();
        }
      } catch (error) {
        throw toEtcdError(error);
      }
    }),
  ];
}

const observeMethod: ServerStreamMethod<LeaderRequest, LeaderResponse> = {
  kind: "serverStream",
  path: "/v3electionpb.Election/Observe",
  request: leaderRequest,
  response: leaderResponse,
};

function leaderOf({ leader }: ProclaimRequest): { readonly key: Buffer; readonly rev: number } {
  if (!leader) throw new GrpcError("INVALID_ARGUMENT", '"leader" field must be provided');
  return { key: toBuffer(leader.key), rev: leader.rev };
}

/** @throws {GrpcError} Somebody else leads. */
async function proclaim(
  context: EtcdContext,
  request: ProclaimRequest,
  signal: AbortSignal,
): Promise<Revision> {
  const { key } = leaderOf(request);
  const lease = leaseNumber(request.leader?.lease ?? 0);
  const put = { kind: "put", key, value: toBuffer(request.value), lease } as const;
  const run = (): ReturnType<typeof ifLeading> => ifLeading(context, request, put, signal);
  const { succeeded, revision } = await context.alarm.guard(run);
  if (!succeeded) throw new GrpcError("UNKNOWN", "election: not leader");
  return revision;
}

function ifLeading(
  { store }: EtcdContext,
  request: ProclaimRequest,
  operation: Operation,
  signal: AbortSignal,
): ReturnType<EtcdContext["store"]["txn"]> {
  const { key, rev } = leaderOf(request);
  const compare = { key, target: "create", result: "equal", operand: rev } as const;
  return store.txn({ compare: [compare], success: [operation], failure: [] }, signal);
}

/** Each leader, and each value that it proclaims, from now on. */
async function* observe(
  { store }: EtcdContext,
  name: Uint8Array,
  signal: AbortSignal,
): AsyncGenerator<{ readonly kv: KeyValue; readonly revision: Revision }> {
  for (;;) {
    const { kvs, revision } = await store.range(placesOf(name), signal);
    const first = firstOf(kvs);
    const coming = { ...placesOf(name), startRevision: revision + 1, noDelete: true };
    const kv = first ?? (await nextChange(store, coming, signal)).kv;
    const from = first ? revision : kv.modRevision;
    yield { kv, revision: from };
    for (let startRevision = from + 1; ;) {
      const { kind, kv: next } = await nextChange(store, { key: kv.key, startRevision }, signal);
      if (kind === "delete") break;
      yield { kv: next, revision: next.modRevision };
      startRevision = next.modRevision + 1;
    }
  }
}
