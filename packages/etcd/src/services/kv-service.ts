import {
  compactionRequest,
  deleteRangeRequest,
  deleteRangeResponse,
  headerOnly,
  putRequest,
  putResponse,
  rangeRequest,
  rangeResponse,
  txnRequest,
  txnResponse,
} from "@cellplane/etcd-api";
import type { GrpcHandler } from "@cellplane/grpc";
import type { Operation, OperationResult, TxnResult } from "@cellplane/kv";
import type { EtcdContext } from "../context/etcd-context.ts";
import { answer } from "./answer.ts";
import { checkTxnBytes, checkWriteBytes } from "./check-size.ts";
import { planRange, tellRange } from "./plan-range.ts";
import { hasPut, planDelete, planPut, planTxn, tellTxn } from "./plan-txn.ts";

/** `etcdserverpb.KV`. */
export function createKvService(context: EtcdContext): readonly GrpcHandler[] {
  const { store, limits, alarm } = context;
  const run = (operation: Operation, signal: AbortSignal): Promise<TxnResult> =>
    store.txn({ compare: [], success: [operation], failure: [] }, signal);
  return [
    answer("KV/Range", { request: rangeRequest, response: rangeResponse }, async (wire, signal) => {
      const result = await store.range(planRange(wire), signal);
      return tellRange(wire, result, context.header(result.revision));
    }),
    answer("KV/Put", { request: putRequest, response: putResponse }, async (wire, signal) => {
      checkWriteBytes(wire.key.length + wire.value.length, limits);
      const { revision, results } = await alarm.guard(() => run(planPut(wire), signal));
      const { previous } = only(results, "put");
      return { header: context.header(revision), prevKv: previous };
    }),
    answer(
      "KV/DeleteRange",
      { request: deleteRangeRequest, response: deleteRangeResponse },
      async (wire, signal) => {
        const { revision, results } = await run(planDelete(wire), signal);
        const { deleted, previous } = only(results, "delete");
        return { header: context.header(revision), deleted, prevKvs: previous };
      },
    ),
    answer("KV/Txn", { request: txnRequest, response: txnResponse }, async (wire, signal) => {
      const plan = planTxn(wire);
      checkTxnBytes(wire, limits);
      const runTxn = (): Promise<TxnResult> => store.txn(plan, signal);
      return tellTxn(wire, await (hasPut(plan) ? alarm.guard(runTxn) : runTxn()), context);
    }),
    answer(
      "KV/Compact",
      { request: compactionRequest, response: headerOnly },
      async ({ revision, physical }, signal) => {
        // Where nobody can tell when rows are gone, they are unreadable at least.
        if (physical && store.compactPhysically) await store.compactPhysically(revision, signal);
        else await store.compact(revision, signal);
        return { header: await context.headerNow() };
      },
    ),
  ];
}

function only<Kind extends OperationResult["kind"]>(
  results: readonly OperationResult[],
  kind: Kind,
): Extract<OperationResult, { readonly kind: Kind }> {
  const [result] = results;
  if (result?.kind !== kind) throw new Error(`The store did not answer a ${kind}`);
  return result as Extract<OperationResult, { readonly kind: Kind }>;
}
