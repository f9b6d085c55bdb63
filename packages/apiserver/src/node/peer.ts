import type { TLSSocket } from "node:tls";
import type { Peer } from "../request/incoming-request.ts";

/** Who is at the other end of a connection. Asked once a connection: certificates are dear to read. */
export function peerOf(socket: TLSSocket): Peer {
  const address = socket.remoteAddress ?? "";
  const presented = socket.getPeerCertificate();
  const hasPresented = Object.keys(presented).length > 0;
  if (!hasPresented) return { address, certificate: undefined, certificateError: undefined };
  if (socket.authorized) return { address, certificate: presented, certificateError: undefined };
  const certificateError = String(socket.authorizationError);
  return { address, certificate: undefined, certificateError };
}
