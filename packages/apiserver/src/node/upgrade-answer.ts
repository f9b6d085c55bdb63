import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ApiResponse, ResponseSink } from "../request/api-response.ts";
import { answerHttp1 } from "./http1-answer.ts";

/** A connection whose client asks for another protocol. */
export interface UpgradeConnection {
  readonly message: IncomingMessage;
  readonly socket: Duplex;
  /** What the client has sent after its request. */
  readonly head: Buffer;
}

/** Hands the connection over to whoever takes it; any other answer is the last one on it. */
export function answerUpgrade(
  { message, socket, head }: UpgradeConnection,
  response: ApiResponse,
): ResponseSink | void {
  if (socket.destroyed) return undefined;
  const { body } = response;
  if (!Buffer.isBuffer(body) && body.kind === "upgrade") {
    body.take(socket, head);
    return sinkOf(socket);
  }
  const answer = new ServerResponse(message);
  answer.shouldKeepAlive = false;
  answer.assignSocket(socket as Socket);
  answer.once("finish", () => {
    answer.detachSocket(socket as Socket);
    socket.end();
  });
  // Else it would not be noticed that the client leaves.
  socket.resume();
  return answerHttp1(answer, response);
}

// Only its end is of use: whoever has taken the connection writes.
function sinkOf(socket: Duplex): ResponseSink {
  return {
    write: () => false,
    end: () => void socket.destroy(),
    onDrain: () => undefined,
    onClose: (listener) => void socket.once("close", listener),
  };
}
