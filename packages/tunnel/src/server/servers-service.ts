import { GrpcError, type GrpcHandler, handleServerStream } from "@cellplane/grpc";
import { type ServerList, watchServersMethod } from "../protocol/methods.ts";
import { type AuthenticateAgent, credentialsOf, describeUnknown } from "./authenticate.ts";

/** The servers that there are, of which this one is one. */
export interface ServerRoster {
  current(): ServerList;
  /** Calls the listener after each change, until it is disposed of. */
  onChange(listener: () => void): Disposable;
}

/** Tells agents the servers that there are, and goes on as they come and go. */
export function createServersService(
  authenticate: AuthenticateAgent,
  roster: ServerRoster,
): GrpcHandler {
  return handleServerStream(watchServersMethod, async (_, responses, call) => {
    const identity = await authenticate(credentialsOf(call));
    if (!identity) throw new GrpcError("UNAUTHENTICATED", describeUnknown(call));
    const { promise: over, resolve } = Promise.withResolvers<void>();
    call.signal.addEventListener("abort", () => resolve(), { once: true });
    const tell = (): void => {
      responses.send(Buffer.from(JSON.stringify(roster.current())));
    };
    using _listening = roster.onChange(tell);
    tell();
    await over;
  });
}
