/** What an agent says of itself, as far as it matters here. */
export interface AgentIdentifiers {
  /** Names under which stock agents are found. */
  readonly hosts: readonly string[];
}

/**
 * Reads the text of `agentidentifiers`: `host=a&host=b&ipv4=…`. Keys that are not known are skipped.
 *
 * @throws {RangeError} It is no such text.
 */
export function parseIdentifiers(text: string): AgentIdentifiers {
  if (/%(?![0-9a-f]{2})|;/i.test(text)) {
    throw new RangeError(`Cannot read agent identifiers as they are malformed: "${text}"`);
  }
  return { hosts: new URLSearchParams(text).getAll("host") };
}

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Whether a text may be a cluster's name: an RFC 1123 label, or several with dots between them. */
export function isClusterName(text: string): boolean {
  return text.length <= 253 && text.split(".").every((part) => label.test(part));
}
