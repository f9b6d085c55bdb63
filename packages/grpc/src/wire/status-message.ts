/** A status message as `grpc-message`: UTF-8, with what is not printable ASCII, and `%`, percent-encoded. */
export function encodeStatusMessage(message: string): string {
  if (/^[\u0020-\u0024\u0026-\u007e]*$/.test(message)) return message;
  let encoded = "";
  for (const byte of Buffer.from(message, "utf8")) {
    encoded +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** What `encodeStatusMessage` encoded; a `%` that starts no code stands for itself. */
export function decodeStatusMessage(encoded: string): string {
  if (!encoded.includes("%")) return encoded;
  const bytes: number[] = [];
  for (let at = 0; at < encoded.length; at++) {
    const hex = encoded.slice(at + 1, at + 3);
    if (encoded[at] === "%" && /^[0-9a-fA-F]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      at += 2;
    } else {
      bytes.push(...Buffer.from(encoded[at] ?? "", "utf8"));
    }
  }
  return Buffer.from(bytes).toString("utf8");
}
