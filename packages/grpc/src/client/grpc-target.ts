import { connect as connectSocket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { GrpcError } from "../wire/grpc-error.ts";

/** Where a server is: how to open a connection, and what the server is called. */
export interface GrpcTarget {
  /** Scheme and name, for `:scheme` and `:authority`. */
  readonly authority: string;
  /** For messages. */
  readonly text: string;
  readonly dial: () => Duplex;
}

/**
 * Reads `unix:///path`, `http://host:port` or `https://host:port`.
 *
 * @throws {GrpcError} INVALID_ARGUMENT, if it is something else.
 */
export function parseTarget(text: string, tls: ConnectionOptions = {}): GrpcTarget {
  if (text.startsWith("unix://")) {
    const path = text.slice("unix://".length);
    // A Go server wants an authority that is a host name.
    return { authority: "http://localhost", text, dial: () => connectSocket({ path }) };
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new GrpcError(
      "INVALID_ARGUMENT",
      `Cannot connect as the server must be unix://, http:// or https://: it is "${text}"`,
    );
  }
  const isTls = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? (isTls ? 443 : 80) : Number(url.port);
  const authority = `${url.protocol}//${url.host}`;
  if (!isTls) return { authority, text, dial: () => connectSocket({ host, port, noDelay: true }) };
  return {
    authority,
    text,
    dial: () => {
      const socket = connectTls({
        servername: /^[\d.]+$|:/.test(host) ? "" : host,
        ...tls,
        host,
        port,
        ALPNProtocols: ["h2"],
      });
      return socket.setNoDelay(true);
    },
  };
}
