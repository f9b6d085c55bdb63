/** No answer came: refused, unknown host, TLS failure, time-out, connection lost. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  /** Node's or TLS's code, e.g. `ECONNREFUSED` or `DEPTH_ZERO_SELF_SIGNED_CERT`; empty if there is none. */
  readonly code: string;

  constructor(server: string, cause: unknown) {
    super(`Cannot reach ${server}: ${describeCause(cause)}`, { cause });
    this.code = codeOf(cause);
  }
}

const explanations: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused; is the server running there?",
  ENOTFOUND: "the host name is unknown",
  EAI_AGAIN: "the host name cannot be looked up just now",
  EHOSTUNREACH: "there is no route to the host",
  ENETUNREACH: "there is no route to the network",
  ETIMEDOUT: "no answer came in time",
  ECONNRESET: "the connection was reset",
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet; one of the clocks may be wrong",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for other host names",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is not signed by the given CA",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is not signed by the given CA",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed and no CA for it was given",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is not signed by the given CA",
  CERT_SIGNATURE_FAILURE: "its certificate is not signed by the given CA",
};

function describeCause(cause: unknown): string {
  const code = codeOf(cause);
  const text = cause instanceof Error ? cause.message : String(cause);
  const explanation = explanations[code];
  if (explanation === undefined) return text === "" ? code : text;
  return `${explanation} (${code})`;
}

function codeOf(cause: unknown): string {
  if (typeof cause !== "object" || cause === null) return "";
  if ("code" in cause && typeof cause.code === "string") return cause.code;
  if (cause instanceof AggregateError) return codeOf(cause.errors[0]);
  return "";
}
