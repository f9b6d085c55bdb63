import type { GrpcChannelOptions } from "@cellplane/grpc";
import { parseAddress } from "@cellplane/tunnel";
import { readCredentials } from "./read-credentials.ts";
import { openServerChannel } from "./server-channel.ts";

const dialWithinMs = 10_000;

/** Asks the servers one after the other until one answers; the last one's error if none does. */
export async function atAnyServer<Answer>(
  servers: readonly string[],
  credentialsDir: string,
  ask: (channel: GrpcChannelOptions) => Promise<Answer>,
): Promise<Answer> {
  const tls = readCredentials(credentialsDir);
  let failure: unknown;
  for (const server of servers) {
    const host = parseAddress(server)?.host ?? "";
    try {
      const signal = AbortSignal.timeout(dialWithinMs);
      const channel = await openServerChannel(
        { host, address: server },
        { tls, env: process.env, signal },
      );
      return await ask(channel);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
