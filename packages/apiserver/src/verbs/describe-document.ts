const shownBytes = 30;

/** How Kubernetes shows a document in an error: its start, `<empty>`, or hexadecimal for binary. */
export function describeDocument(text: string): string {
  if (text === "") return "<empty>";
  if (!text.startsWith("{")) return Buffer.from(text).toString("hex").slice(0, 60);
  return text.length > shownBytes ? `${text.slice(0, shownBytes)} ...` : text;
}
