import { GrpcChannel, type GrpcChannelOptions } from "@cellplane/grpc";
import { bringTokenMethod, headerNames, type MemberToken } from "../protocol/methods.ts";

/**
 * Brings a token for the API server of the agent's cluster to a server.
 *
 * @throws {GrpcError}
 */
export async function bringToken(
  cluster: string,
  token: MemberToken,
  channelOptions: GrpcChannelOptions,
): Promise<void> {
  await using channel = new GrpcChannel(channelOptions);
  await channel.unary(bringTokenMethod, Buffer.from(JSON.stringify(token)), {
    timeoutMs: 30_000,
    metadata: { [headerNames.cluster]: cluster },
  });
}
