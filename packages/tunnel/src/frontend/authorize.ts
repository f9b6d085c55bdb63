import { TLSSocket } from "node:tls";
import type { PeerCertificate } from "node:tls";
import type { Destination } from "./find-cluster.ts";

/** Who connects to a frontend. */
export interface FrontendClient {
  /** Absent on a Unix socket, where the file's mode decides. */
  readonly certificate: PeerCertificate | undefined;
}

/** Whether a client may go somewhere. */
export type AuthorizeClient = (client: FrontendClient, destination: Destination) => boolean;

// Reading it takes 0.1 ms, and a gRPC connection has many streams.
const certificates = new WeakMap<TLSSocket, PeerCertificate>();

/** The certificate of a connection's other end, where its chain was verified. */
export function certificateOf(socket: unknown): PeerCertificate | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const known = certificates.get(socket);
  if (known) return known;
  const certificate = socket.getPeerCertificate();
  certificates.set(socket, certificate);
  return certificate;
}
