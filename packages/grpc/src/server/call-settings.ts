import type { GrpcHandler } from "./handlers.ts";

/** What a server tells of a call that a handler broke: an error that is no GrpcError. */
export type CallErrorReporter = (error: unknown, call: { readonly path: string }) => void;

/** What every call of a server has in common. */
export interface CallSettings {
  readonly handlers: ReadonlyMap<string, GrpcHandler>;
  readonly maxReceiveBytes: number;
  readonly maxSendBytes: number;
  readonly onError: CallErrorReporter;
}
