import { badRequest } from "@cellplane/apimachinery";

/** Where a list goes on: at `start` (inclusive, below the list's prefix) of the snapshot `revision`. */
export interface ContinueToken {
  /** −1: of the newest state, where the snapshot is gone ("inconsistent"). */
  readonly revision: number;
  readonly start: string;
}

/** The token of the wire, in the form of kube-apiserver. */
export function formatContinueToken(token: ContinueToken): string {
  const content = { v: "meta.k8s.io/v1", rv: token.revision, start: token.start };
  return Buffer.from(JSON.stringify(content)).toString("base64url");
}

/** @throws {StatusError} 400 for what is no token. */
export function parseContinueToken(text: string): ContinueToken {
  const decoded = decodeBase64(text);
  const content = parseContent(decoded);
  if (content.v !== "meta.k8s.io/v1") {
    throw invalidToken(`server does not recognize this encoded version "${String(content.v)}"`);
  }
  if (typeof content.start !== "string" || content.start === "") {
    throw invalidToken('encoded start key empty (encoded version meta.k8s.io/v1; start key "")');
  }
  if (typeof content.rv !== "number" || content.rv === 0) {
    throw invalidToken(
      'incorrect encoded start resourceVersion "0" (encoded version meta.k8s.io/v1)',
    );
  }
  return { revision: content.rv, start: content.start };
}

interface TokenContent {
  readonly v?: unknown;
  readonly rv?: unknown;
  readonly start?: unknown;
}

function decodeBase64(text: string): string {
  const bad = /[^A-Za-z0-9_-]/.exec(text.replace(/=+$/, ""));
  if (bad) throw invalidToken(`illegal base64 data at input byte ${bad.index}`);
  return Buffer.from(text, "base64url").toString("latin1");
}

function parseContent(text: string): TokenContent {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, "latin1").toString());
  } catch {
    throw invalidToken(describeSyntax(text));
  }
  if (typeof value === "object" && value !== null) return value;
  throw invalidToken("json: cannot unmarshal into Go value of type storage.continueToken");
}

// The first byte tells most broken tokens, in the words of Go's decoder.
function describeSyntax(text: string): string {
  if (text.trim() === "") return "unexpected end of JSON input";
  const code = text.charCodeAt(0);
  const shown =
    code < 0x20 || code > 0x7e ? `\\u${code.toString(16).padStart(4, "0")}` : text.charAt(0);
  if (text.startsWith("{")) return "unexpected end of JSON input";
  return `invalid character '${shown}' looking for beginning of value`;
}

function invalidToken(why: string): Error {
  return badRequest(`invalid continue token: continue key is not valid: ${why}`);
}
