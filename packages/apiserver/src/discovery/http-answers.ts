import { createHash } from "node:crypto";
import { StatusError, stringifyJson } from "@cellplane/apimachinery";
import type { HttpResponse } from "../request/http-handler.ts";

/** 200 with a JSON body, ended by a newline as Kubernetes ends it. */
export function answerJson(value: unknown): HttpResponse {
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: `${stringifyJson(value)}\n`,
  };
}

/** Plain text. */
export function answerText(status: number, body: string): HttpResponse {
  return {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
    body,
  };
}

/** What Kubernetes answers where no path fits: text, not a Status. */
export function answerNoSuchPath(): HttpResponse {
  return answerText(404, "404 page not found\n");
}

/** The hash of a document, as Kubernetes' entity tags have it (there in quotes). */
export function computeDocumentHash(document: string | Buffer): string {
  return createHash("sha512").update(document).digest("hex").toUpperCase();
}

/** Whether an `If-None-Match` header names this hash. */
export function matchesHash(header: string | undefined, hash: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((tag) => tag.trim().replace(/^W\//, "") === `"${hash}"`);
}

/** 406: none of these media types is accepted. */
export function notAcceptable(mediaTypes: readonly string[]): StatusError {
  return new StatusError(
    "NotAcceptable",
    `only the following media types are accepted: ${mediaTypes.join(", ")}`,
  );
}
