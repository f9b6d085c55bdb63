import {
  CompactedError,
  FutureRevisionError,
  InvalidRequestError,
  KvError,
  type MvccStore,
  OutcomeUnknownError,
  type RangeRequest,
  RevisionsLostError,
  type TxnRequest,
} from "@cellplane/kv";
import type { Outcome, Request } from "../record/records.ts";
import { fromText, toText } from "../record/text.ts";

/** Asks a store, and tells what came of it; never throws for what the store may answer. */
export async function runRequest(
  store: MvccStore,
  request: Request,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    return await ask(store, request, signal);
  } catch (error) {
    return outcomeOf(error);
  }
}

async function ask(store: MvccStore, request: Request, signal: AbortSignal): Promise<Outcome> {
  switch (request.do) {
    case "txn":
      return {
        is: "txn",
        result: toText(await store.txn(fromText<TxnRequest>(request.txn), signal)),
      };
    case "range":
      return {
        is: "range",
        result: toText(await store.range(fromText<RangeRequest>(request.range), signal)),
      };
    case "head":
      return { is: "revision", revision: await store.headRevision() };
    case "compact":
      await store.compact(request.revision, signal);
      return { is: "done" };
    case "grant":
      await leasesOf(store).grant({ id: request.lease, ttlSeconds: request.ttlSeconds });
      return { is: "done" };
    case "revoke":
      return { is: "revision", revision: await leasesOf(store).revoke(request.lease) };
    case "keepAlive":
      return (await leasesOf(store).keepAlive(request.lease)) ? { is: "done" } : { is: "absent" };
  }
}

function leasesOf({ leases }: MvccStore): NonNullable<MvccStore["leases"]> {
  if (!leases) throw new Error("The store has no leases");
  return leases;
}

/** What an error says of the effect of a request. */
export function outcomeOf(error: unknown): Outcome {
  const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  if (error instanceof CompactedError) return { is: "compacted", compacted: error.compacted };
  if (error instanceof FutureRevisionError) return { is: "future" };
  if (error instanceof InvalidRequestError && error.reason === "leaseNotFound") {
    return { is: "absent" };
  }
  const cause = error instanceof Error ? error.cause : undefined;
  if (error instanceof RevisionsLostError || cause instanceof RevisionsLostError) {
    return { is: "lost", why };
  }
  if (error instanceof OutcomeUnknownError) return { is: "unknown", why };
  if (error instanceof KvError) return { is: "refused", why };
  // Whoever gives up waiting knows nothing.
  return { is: "unknown", why };
}
