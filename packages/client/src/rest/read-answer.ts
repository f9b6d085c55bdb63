import {
  isJsonObject,
  type JsonObject,
  parseJson,
  StatusError,
  statusCodes,
  type StatusReason,
} from "@cellplane/apimachinery";
import type { TransportResponse } from "./transport.ts";

/** The whole body of an answer. */
export async function readBody(response: TransportResponse): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    length += chunk.length;
  }
  const [only] = chunks;
  if (chunks.length === 1 && only) return only;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** The JSON object of a good answer; a `StatusError` is thrown for any other. */
export async function readObject(response: TransportResponse): Promise<JsonObject> {
  const text = decode(await readBody(response));
  if (response.status >= 300) throw withRetryAfter(statusErrorOf(response.status, text), response);
  const value = parseJson(text);
  if (isJsonObject(value)) return value;
  throw new StatusError("InternalError", "Cannot read the answer as it is no JSON object");
}

/** The error with the answer's `Retry-After` in its details, where the body does not say it itself. */
export function withRetryAfter(error: StatusError, { headers }: TransportResponse): StatusError {
  const seconds = Number(headers["retry-after"]);
  if (!(seconds > 0) || error.details?.retryAfterSeconds !== undefined) return error;
  const { reason, message, code, details } = error;
  return new StatusError(reason, message, {
    code,
    details: { ...details, retryAfterSeconds: seconds },
  });
}

/** The error that an answer outside 2xx stands for; bodies that are no Status are kept as text. */
export function statusErrorOf(status: number, text: string): StatusError {
  const body = parseStatus(text);
  if (!body)
    return new StatusError(reasonOf(status), text.trim() || `HTTP ${status}`, { code: status });
  return statusErrorOfObject(body, status);
}

/** The error that a `Status` object stands for, e.g. in a watch's `ERROR` event. */
export function statusErrorOfObject(body: JsonObject, fallbackCode = 500): StatusError {
  const reason = body["reason"];
  const message = body["message"];
  const details = body["details"];
  return new StatusError(
    typeof reason === "string" && reason in statusCodes ? (reason as StatusReason) : "",
    typeof message === "string" ? message : "the server gave no reason",
    {
      code: typeof body["code"] === "number" ? body["code"] : fallbackCode,
      ...(isJsonObject(details) ? { details } : {}),
    },
  );
}

function parseStatus(text: string): JsonObject | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const value = parseJson(text);
    return isJsonObject(value) && value["kind"] === "Status" ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function reasonOf(status: number): StatusReason | "" {
  const found = Object.entries(statusCodes).find(([, code]) => code === status);
  return found ? (found[0] as StatusReason) : "";
}

/** UTF-8 bytes as text. */
export function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
