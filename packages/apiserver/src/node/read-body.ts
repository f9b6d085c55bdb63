import type { Readable } from "node:stream";
import { badRequest, StatusError } from "@cellplane/apimachinery";

/** Bytes that a body may have at most: 3 MiB. */
export const maxBodyBytes = 3_145_728;

/** Reads a whole body. What exceeds the limit is drained, so that the connection can be kept. */
export async function readBody(stream: Readable, contentLength?: string): Promise<Buffer> {
  if (contentLength !== undefined && Number(contentLength) > maxBodyBytes) {
    stream.resume();
    throw tooLarge();
  }
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxBodyBytes) chunks.push(chunk);
    else reject(tooLarge());
  });
  stream.once("end", () => {
    const [only] = chunks;
    resolve(chunks.length === 1 && only ? only : Buffer.concat(chunks));
  });
  stream.once("error", reject);
  stream.once("aborted", () => reject(badRequest("unexpected EOF")));
  return await promise;
}

/** 413 for a body above the limit. */
export function tooLarge(): StatusError {
  return new StatusError(
    "RequestEntityTooLarge",
    `Request entity too large: limit is ${maxBodyBytes}`,
  );
}
