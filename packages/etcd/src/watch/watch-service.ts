import {
  watchRequest,
  type WatchRequest,
  watchResponse,
  type WatchResponse,
} from "@cellplane/etcd-api";
import { type BidiMethod, type GrpcHandler, handleBidi } from "@cellplane/grpc";
import type { EtcdContext } from "../context/etcd-context.ts";
import { etcdError } from "../context/etcd-error.ts";
import { wantsLeader } from "../context/leader-monitor.ts";
import { WatchStream } from "./watch-stream.ts";

const method: BidiMethod<WatchRequest, WatchResponse> = {
  kind: "bidi",
  path: "/etcdserverpb.Watch/Watch",
  request: watchRequest,
  response: watchResponse,
};

/** How watches are served. */
export interface WatchOptions {
  /** How often an idle watch that asked for it is told its progress; up to a tenth more. */
  readonly progressNotifyIntervalMs: number;
  /** Called with 1 when a stream begins, and with -1 when it ends. */
  readonly onStreams: (change: 1 | -1) => void;
}

/** `etcdserverpb.Watch`. */
export function createWatchService(
  context: EtcdContext,
  options: WatchOptions,
): readonly GrpcHandler[] {
  return [
    handleBidi(method, async ({ requests, responses }, { metadata }) => {
      const stream = new WatchStream(context, responses);
      // Not all at the same moment, however many streams began together.
      const intervalMs = options.progressNotifyIntervalMs * (1 + Math.random() / 10);
      const notifying = setInterval(() => stream.notify(), intervalMs);
      const leave = wantsLeader(metadata)
        ? context.leader.watch(() => stream.broken(etcdError("no leader")))
        : undefined;
      options.onStreams(1);
      try {
        await stream.run(requests);
      } finally {
        leave?.();
        clearInterval(notifying);
        options.onStreams(-1);
      }
    }),
  ];
}
