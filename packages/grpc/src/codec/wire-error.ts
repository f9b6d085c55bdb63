/** Bytes that are no message of the expected type, or a value that its field cannot hold. */
export class WireError extends Error {
  override readonly name = "WireError";
}
