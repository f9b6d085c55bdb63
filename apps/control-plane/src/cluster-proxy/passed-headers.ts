import type { IncomingHttpHeaders } from "node:http";

/** Headers as Node takes them; the names in lower case. */
export type Headers = Readonly<Record<string, string | string[]>>;

// Of one connection alone (RFC 9110 §7.6.1), or made anew for the other one.
const hopByHop = new Set([
  "connection",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
// Who somebody is, in every way in which an API server may be told. A cookie is the control plane's.
const identity = /^(authorization|cookie|impersonate-.*|x-remote-.*|x-forwarded-.*|forwarded)$/;
const websocketToken = /^base64url\.bearer\.authorization\.k8s\.io\./i;

/** Of a request's headers those that a member may see: none of the connection's, no credential. */
export function requestHeaders(
  headers: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const named = namedIn(headers["connection"]);
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(":")) continue;
    if (hopByHop.has(name) || named.has(name) || identity.test(name)) continue;
    const shown = name === "sec-websocket-protocol" ? withoutToken(value) : value;
    if (shown !== "") passed[name] = shown;
  }
  return passed;
}

/** Of an answer's headers those that the client may see. */
export function answerHeaders(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const named = namedIn(headers.connection);
  const passed: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || hopByHop.has(name) || named.has(name)) continue;
    // A cookie of the member would be sent to the control plane.
    if (name === "set-cookie" || name === "alt-svc") continue;
    passed[name] = value;
  }
  return passed;
}

function namedIn(connection: string | undefined): ReadonlySet<string> {
  return new Set(connection?.split(",").map((each) => each.trim().toLowerCase()));
}

/** Browsers carry their token as a protocol. */
function withoutToken(protocols: string): string {
  const shown = protocols.split(",").filter((each) => !websocketToken.test(each.trim()));
  return shown.map((each) => each.trim()).join(", ");
}
