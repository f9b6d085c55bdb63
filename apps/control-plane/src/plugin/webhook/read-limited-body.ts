import type { IncomingMessage } from "node:http";

/** A body that is longer than it may be. */
export class BodyTooLargeError extends Error {
  override readonly name: string = "BodyTooLargeError";
}

/** The body as text. @throws {BodyTooLargeError} As soon as it is known to be too long. */
export async function readLimitedBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  const tooLarge = (): BodyTooLargeError =>
    new BodyTooLargeError(`the body must be no longer than ${maxBytes} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
