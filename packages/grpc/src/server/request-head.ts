import type { IncomingHttpHeaders } from "node:http2";
import type { HeaderField } from "../http2/header-field.ts";

const pseudoNames = new Set([":method", ":path", ":scheme", ":authority"]);
// What belongs to a connection has no place in HTTP/2.
const forbiddenNames = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);
const namePattern = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** The headers of requests that came before in the same way: most calls of a connection do. */
const known = new WeakMap<readonly HeaderField[], IncomingHttpHeaders>();

/** A request's headers as Node.js has them; absent where HTTP/2 forbids them. The same object for the same list. */
export function readRequestHead(fields: readonly HeaderField[]): IncomingHttpHeaders | undefined {
  const found = known.get(fields);
  if (found) return found;
  // Without a prototype, whose names a peer might use.
  const headers = Object.create(null) as Record<string, string>;
  let hasRegular = false;
  for (const { name, value } of fields) {
    const isPseudo = name.startsWith(":");
    if (isPseudo && (hasRegular || !pseudoNames.has(name) || name in headers)) return undefined;
    if (!namePattern.test(name) || forbiddenNames.has(name)) return undefined;
    if (name === "te" && value !== "trailers") return undefined;
    hasRegular ||= !isPseudo;
    const before = headers[name];
    headers[name] =
      before === undefined ? value : `${before}${name === "cookie" ? "; " : ", "}${value}`;
  }
  if (!headers[":method"] || !headers[":path"] || !headers[":scheme"]) return undefined;
  known.set(fields, headers);
  return headers;
}
