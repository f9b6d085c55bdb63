import { StatusError } from "@cellplane/apimachinery";
import { ConnectionError } from "@cellplane/client";
import { DialError } from "@cellplane/tunnel";

/** Why a member cannot be reached, as the client is told: 502, 503 or 504, never a credential. */
export function unreachable(
  error: unknown,
  at: { readonly cluster: string; readonly endpoint: string },
): StatusError {
  if (error instanceof StatusError) return error;
  const dialError = findDialError(error);
  if (dialError) return ofDial(dialError, at.cluster);
  const { code, message } = new ConnectionError(at.endpoint, error);
  const text = `Cannot reach cluster "${at.cluster}": ${message}`;
  if (code === "ENOTUNNEL") return status(503, { text, reason: "NoTunnel" });
  if (code === "ETIMEDOUT") return status(504, { text, reason: code });
  return status(502, { text, reason: code });
}

function findDialError(error: unknown): DialError | undefined {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each instanceof DialError) return each;
  }
  return undefined;
}

function ofDial(error: DialError, cluster: string): StatusError {
  const text = `Cannot reach cluster "${cluster}": ${error.message}`;
  const { reason } = error;
  switch (reason) {
    case "NoAgent":
    case "UnknownCluster":
      return status(503, { text, reason });
    case "TimedOut":
      return status(504, { text, reason });
    default:
      return status(502, { text, reason });
  }
}

const reasons = { 502: "", 503: "ServiceUnavailable", 504: "Timeout" } as const;

// Without its cause: that would be logged as a failure of this server.
function status(
  code: 502 | 503 | 504,
  told: { readonly text: string; readonly reason: string },
): StatusError {
  const cause = told.reason === "" ? "Unreachable" : told.reason;
  return new StatusError(reasons[code], told.text, {
    code,
    details: { causes: [{ reason: cause, message: told.text }] },
  });
}
