import { randomBytes } from "node:crypto";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { readFully } from "./read-fully.ts";

/** Bytes that are kept until there are enough of them for one write. */
const mostPendingBytes = 1024 * 1024;

/**
 * A file without a name, which only this process can read, and which is gone with it whatever
 * becomes of either.
 */
export class TemporaryFile implements AsyncDisposable {
  readonly #handle: FileHandle;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #writtenBytes: number;

  private constructor(handle: FileHandle, startBytes: number) {
    this.#handle = handle;
    this.#writtenBytes = startBytes;
  }

  /** Makes one on the disk of a folder; what is appended comes after the first `startBytes`. */
  static async create(folder: string, startBytes = 0): Promise<TemporaryFile> {
    const path = join(folder, `.cellplane-${randomBytes(8).toString("hex")}.tmp`);
    const handle = await open(path, "wx+", 0o600);
    try {
      await unlink(path);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return new TemporaryFile(handle, startBytes);
  }

  /** The length, with what was appended and is not written yet. */
  get sizeBytes(): number {
    return this.#writtenBytes + this.#pendingBytes;
  }

  /** Whether it is time to `flush`. */
  get isFull(): boolean {
    return this.#pendingBytes >= mostPendingBytes;
  }

  /** Adds bytes at the end, which nobody may change any more. */
  append(bytes: Buffer): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
  }

  /** Writes what was appended. */
  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pending, this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
    await this.writeAt(this.#writtenBytes, bytes);
    this.#writtenBytes += bytes.length;
  }

  /** Writes to a place that `flush` does not. */
  async writeAt(position: number, bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(
        bytes,
        done,
        bytes.length - done,
        position + done,
      );
      done += bytesWritten;
    }
  }

  /** As many of the written bytes from a place on; fewer at the end of the file. */
  readAt(position: number, lengthBytes: number): Promise<Buffer> {
    return readFully(this.#handle, position, lengthBytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}
