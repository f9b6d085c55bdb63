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

/** The certificate of a connection's other end, where its chain was verified. */
export function certificateOf(socket: unknown): PeerCertificate | undefined {
  return socket instanceof TLSSocket && socket.authorized ? socket.getPeerCertificate() : undefined;
}
