import { X509Certificate } from "node:crypto";
import { GrpcChannel, type GrpcChannelOptions } from "@cellplane/grpc";
import { createSigningRequest } from "@cellplane/x509";
import { renewMethod } from "../protocol/methods.ts";

/** A certificate and its key, PEM. */
export interface AgentCredential {
  readonly cert: string;
  readonly key: string;
}

/** When a certificate should be renewed: after two thirds of its life. Milliseconds since 1970. */
export function renewalMs(certificate: string): number {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  const life = validToDate.getTime() - validFromDate.getTime();
  return validFromDate.getTime() + (life * 2) / 3;
}

/**
 * Has a server certify a new key for the subject of the present certificate.
 *
 * @throws {GrpcError}
 */
export async function renewCredential(
  certificate: string,
  channelOptions: GrpcChannelOptions,
): Promise<AgentCredential> {
  const { request, key } = createSigningRequest(subjectOf(certificate));
  await using channel = new GrpcChannel(channelOptions);
  const answer = await channel.unary(renewMethod, Buffer.from(request), { timeoutMs: 30_000 });
  return { cert: Buffer.from(answer).toString("latin1"), key };
}

function subjectOf(certificate: string): {
  readonly commonName: string;
  readonly organizations: readonly string[];
} {
  const lines = new X509Certificate(certificate).subject.split("\n");
  const of = (name: string): readonly string[] =>
    lines.filter((line) => line.startsWith(`${name}=`)).map((line) => line.slice(name.length + 1));
  return { commonName: of("CN")[0] ?? "", organizations: of("O") };
}
