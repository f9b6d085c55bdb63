import { headerOnly, lockRequest, lockResponse, unlockRequest } from "@cellplane/etcd-api";
import type { GrpcHandler } from "@cellplane/grpc";
import type { EtcdContext } from "../context/etcd-context.ts";
import { toBuffer } from "../context/to-buffer.ts";
import { answer } from "../services/answer.ts";
import { checkPlace, leavePlace, takePlace, waitForTurn } from "./queue.ts";

const noValue = Buffer.alloc(0);

/** `v3lockpb.Lock`: locks that are held as long as a lease lasts. */
export function createLockService(context: EtcdContext): readonly GrpcHandler[] {
  const { store } = context;
  return [
    answer(
      "/v3lockpb.Lock/Lock",
      { request: lockRequest, response: lockResponse },
      async ({ name, lease }, signal) => {
        const place = await takePlace(context, { name, lease, value: noValue }, signal);
        try {
          const revision = await waitForTurn(store, { name, place }, signal);
          await checkPlace(store, place);
          return { header: context.header(revision), key: place.key };
        } catch (error) {
          // Who gives up must not hold those behind up.
          await leavePlace(store, place);
          throw error;
        }
      },
    ),
    answer(
      "/v3lockpb.Lock/Unlock",
      { request: unlockRequest, response: headerOnly },
      async ({ key }, signal) => ({
        header: context.header(await leavePlace(store, { key: toBuffer(key) }, signal)),
      }),
    ),
  ];
}
