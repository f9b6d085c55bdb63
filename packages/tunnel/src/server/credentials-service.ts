import { GrpcError, type GrpcHandler, handleUnary } from "@cellplane/grpc";
import { readSigningRequest, SigningRequestError } from "@cellplane/x509";
import type { KeyObject } from "node:crypto";
import { renewMethod } from "../protocol/methods.ts";
import { type AuthenticateAgent, credentialsOf, describeUnknown } from "./authenticate.ts";

/** Certifies an agent's new key. @returns PEM: its certificate. */
export type SignAgent = (agent: {
  readonly name: string;
  readonly publicKey: KeyObject;
}) => Promise<string>;

/** Renews the certificates of agents, over the way that they have to the server anyhow. */
export function createCredentialsService(
  authenticate: AuthenticateAgent,
  sign: SignAgent,
): GrpcHandler {
  return handleUnary(renewMethod, async (request, call) => {
    const identity = await authenticate(credentialsOf(call));
    if (!identity) throw new GrpcError("UNAUTHENTICATED", describeUnknown(call));
    const { commonName, publicKey } = readRequest(request);
    if (commonName !== identity.name) {
      throw new GrpcError(
        "PERMISSION_DENIED",
        `${identity.name} may not have a certificate of ${commonName}`,
      );
    }
    return Buffer.from(await sign({ name: identity.name, publicKey }));
  });
}

function readRequest(request: Uint8Array): ReturnType<typeof readSigningRequest> {
  try {
    return readSigningRequest(Buffer.from(request).toString("latin1"));
  } catch (error) {
    if (!(error instanceof SigningRequestError)) throw error;
    throw new GrpcError("INVALID_ARGUMENT", `Cannot sign the request: ${error.message}`);
  }
}
