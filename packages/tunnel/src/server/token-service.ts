import { GrpcError, type GrpcHandler, handleUnary } from "@cellplane/grpc";
import { bringTokenMethod, headerNames, type MemberToken } from "../protocol/methods.ts";
import { type AuthenticateAgent, credentialsOf, describeUnknown } from "./authenticate.ts";

/**
 * Keeps the token that an agent brought for its cluster's API server.
 * @throws {GrpcError} The cluster takes none from its agents.
 */
export type TakeToken = (cluster: string, token: MemberToken) => Promise<void>;

/** Takes tokens from agents, each for the cluster that its own credential names. */
export function createTokenService(authenticate: AuthenticateAgent, take: TakeToken): GrpcHandler {
  return handleUnary(bringTokenMethod, async (request, call) => {
    const identity = await authenticate(credentialsOf(call));
    if (!identity) throw new GrpcError("UNAUTHENTICATED", describeUnknown(call));
    const cluster = call.metadata[headerNames.cluster];
    if (typeof cluster !== "string" || !identity.mayServe(cluster)) {
      throw new GrpcError(
        "PERMISSION_DENIED",
        `${identity.name} may bring no token for cluster "${String(cluster)}"`,
      );
    }
    await take(cluster, parseToken(request));
    return new Uint8Array();
  });
}

function parseToken(request: Uint8Array): MemberToken {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(request).toString("utf8"));
  } catch {
    throw new GrpcError("INVALID_ARGUMENT", "the token is no JSON");
  }
  const { token, endsAt, ca } = (parsed ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof token !== "string" || token === "" || typeof endsAt !== "string") {
    throw new GrpcError("INVALID_ARGUMENT", "token and endsAt must be given");
  }
  if (Number.isNaN(Date.parse(endsAt))) {
    throw new GrpcError("INVALID_ARGUMENT", "endsAt must be a time");
  }
  return { token, endsAt, ...(typeof ca === "string" && ca !== "" ? { ca } : {}) };
}
