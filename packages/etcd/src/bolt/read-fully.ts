import type { FileHandle } from "node:fs/promises";

/** As many bytes of a file from a place on; fewer at its end. */
export async function readFully(
  file: FileHandle,
  position: number,
  lengthBytes: number,
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(lengthBytes);
  let done = 0;
  while (done < lengthBytes) {
    const { bytesRead } = await file.read(bytes, done, lengthBytes - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
