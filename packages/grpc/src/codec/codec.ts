import type { WireReader } from "./wire-reader.ts";
import type { WireWriter } from "./wire-writer.ts";

/** How messages of one type become bytes, and back. */
export interface Codec<T> {
  /** Appends the message to `to`. */
  encode(message: T, to: WireWriter): void;
  /**
   * Reads a message. Byte fields may be views of `bytes`, which in turn are views of what the
   * socket gave (up to 64 KiB): copy what is kept for long.
   *
   * @throws {WireError} If the bytes are no such message.
   */
  decode(bytes: Uint8Array): T;
}

/** Messages that are passed on as the bytes they are. */
export const rawBytes: Codec<Uint8Array> = {
  encode: (message, to) => to.append(message),
  decode: (bytes) => bytes,
};

/** A type of message that can also be a field of another one. */
export interface MessageType<T> extends Codec<T> {
  /** A message with these fields; all others have their zero value. */
  create(fields?: Partial<T>): T;
  /** Reads fields until the reader's end. */
  read(from: WireReader): T;
}
