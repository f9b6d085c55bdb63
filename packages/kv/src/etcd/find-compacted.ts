import { type WatchRequest, watchCreateRequest, type WatchResponse } from "@cellplane/etcd-api";
import { type ClientCall, GrpcError } from "@cellplane/grpc";
import { UnavailableError } from "../store/kv-error.ts";
import type { Revision } from "../store/mvcc-store.ts";

type WatchStream = ClientCall<WatchRequest, WatchResponse>;

/** etcd looks at watches that are behind ten times a second. */
const patienceMs = 5000;

/**
 * How far a cluster is compacted that is compacted beyond revision 1: it says so to a watch that
 * wants to begin there.
 * @throws {UnavailableError}
 */
export async function findCompacted(
  absentKey: Buffer,
  openStream: () => WatchStream | Promise<WatchStream>,
): Promise<Revision> {
  let stream: WatchStream | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    stream = await openStream();
    timer = setTimeout(() => stream?.cancel(), patienceMs);
    const value = watchCreateRequest.create({ key: absentKey, startRevision: 1 });
    stream.send({ request: { kind: "create", value } });
    for await (const { compactRevision } of stream) if (compactRevision > 0) return compactRevision;
    throw new GrpcError("UNAVAILABLE", "the stream ended");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UnavailableError(`Cannot find out how far etcd is compacted: ${why}`, {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
    stream?.cancel();
  }
}
