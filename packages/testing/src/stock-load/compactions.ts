import { compactionRequest, headerOnly, rangeRequest, rangeResponse } from "@cellplane/etcd-api";
import { abortableDelay } from "@cellplane/client";
import { GrpcChannel } from "@cellplane/grpc";

const everyMs = 3000;
/** So much history is kept: some seconds of it. */
const keptRevisions = 1000;
const timeoutMs = 2000;

/** Compacts more often than kube-apiserver does, by another client, until the signal. */
export async function runCompactions(url: string, signal: AbortSignal): Promise<void> {
  await using channel = new GrpcChannel({ target: url });
  while (!signal.aborted) {
    try {
      await compact(channel);
    } catch {
      // The store is away, or somebody else has compacted.
    }
    await abortableDelay(everyMs, signal).catch(() => undefined);
  }
}

async function compact(channel: GrpcChannel): Promise<void> {
  const key = Buffer.from("none");
  const { header } = await channel.unary(
    {
      kind: "unary",
      path: "/etcdserverpb.KV/Range",
      request: rangeRequest,
      response: rangeResponse,
    },
    rangeRequest.create({ key }),
    { timeoutMs },
  );
  const revision = (header?.revision ?? 0) - keptRevisions;
  if (revision <= 0) return;
  await channel.unary(
    {
      kind: "unary",
      path: "/etcdserverpb.KV/Compact",
      request: compactionRequest,
      response: headerOnly,
    },
    compactionRequest.create({ revision }),
    { timeoutMs },
  );
}
