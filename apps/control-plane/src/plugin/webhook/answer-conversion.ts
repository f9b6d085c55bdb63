import type { JsonValue } from "@cellplane/apimachinery";
import { reviewConversion } from "@cellplane/federation";
import type { WebhookAnswer } from "./webhook-server.ts";

/** Answers a posted ConversionReview. */
export function answerConversion(review: JsonValue): WebhookAnswer {
  const outcome = reviewConversion(review);
  return outcome.kind === "answered"
    ? { status: 200, body: outcome.review }
    : { status: 400, body: outcome.message };
}
