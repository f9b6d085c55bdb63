/** The value of a `Warning` header: `299 - "<text>"`, without control characters. */
export function formatWarning(text: string): string {
  const printable = Array.from(text, (char) => (isControl(char) ? "" : char)).join("");
  const escaped = printable.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return `299 - "${encodeHeader(escaped)}"`;
}

function isControl(char: string): boolean {
  const code = char.codePointAt(0) ?? 0;
  return code < 0x20 || code === 0x7f;
}

// Node writes header values as Latin-1; clients read UTF-8.
function encodeHeader(text: string): string {
  return Buffer.from(text).toString("latin1");
}
