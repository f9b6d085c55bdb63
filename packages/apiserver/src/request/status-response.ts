import { type StatusError, stringifyJson } from "@cellplane/apimachinery";
import type { ApiResponse } from "./api-response.ts";

/** The answer to a refused request. */
export function statusResponse(error: StatusError): ApiResponse {
  const retryAfter = error.details?.retryAfterSeconds;
  return {
    status: error.code,
    headers: {
      "content-type": "application/json",
      ...(error.code === 429 || error.code >= 500 ? retryHeader(retryAfter) : {}),
    },
    body: Buffer.from(`${stringifyJson(error.toStatus())}\n`),
  };
}

/** Plain text, e.g. `404 page not found`. */
export function textResponse(status: number, text: string): ApiResponse {
  return {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "x-content-type-options": "nosniff",
    },
    body: Buffer.from(text),
  };
}

/** 404 for what is no path of this server. */
export function pageNotFound(): ApiResponse {
  return textResponse(404, "404 page not found\n");
}

function retryHeader(seconds: number | undefined): Readonly<Record<string, string>> {
  return seconds === undefined ? {} : { "retry-after": String(seconds) };
}
