import type { ServerResponse } from "node:http";
import type { MvccStore, Watch } from "@cellplane/kv";
import { encodeMessage, wireErrorOf } from "./admin-wire.ts";

/** How often progress is told, in milliseconds. */
const progressEveryMs = 200;

/** Sends all changes from a revision on, until the reader goes away. */
export function streamWatch(
  store: MvccStore,
  startRevision: number,
  response: ServerResponse,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const send = (message: unknown): void => {
    if (response.write(encodeMessage(message))) return;
    watch.pause();
    response.once("drain", () => watch.resume());
  };
  const watch: Watch = store.watch(
    { key: Buffer.from([0]), end: Buffer.from([0]), startRevision, previous: true },
    {
      onBatch: (value) => send({ kind: "batch", value }),
      onProgress: (revision) => send({ kind: "reached", revision }),
      onEnd: (error) => {
        if (error) response.write(encodeMessage({ kind: "error", error: wireErrorOf(error) }));
        resolve();
      },
    },
  );
  watch.requestProgress();
  const timer = setInterval(() => watch.requestProgress(), progressEveryMs);
  response.once("close", () => watch.close());
  return promise.finally(() => clearInterval(timer));
}
