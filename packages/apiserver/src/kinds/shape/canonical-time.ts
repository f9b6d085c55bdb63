import type { JsonValue } from "@cellplane/apimachinery";

const canonicalForms = {
  time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
  microTime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/,
} as const;
const timestamp = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/**
 * A time as Kubernetes writes it: UTC, whole seconds for `time`, six digits for `microTime`. What
 * is no RFC 3339 time is returned as it is.
 */
export function canonicalTime(value: JsonValue, form: "time" | "microTime"): JsonValue {
  if (typeof value !== "string" || canonicalForms[form].test(value)) return value;
  const match = timestamp.exec(value);
  if (!match) return value;
  const [, seconds = "", fraction = "", zone = "Z"] = match;
  const utcMs = Date.parse(`${seconds}${zone}`);
  if (Number.isNaN(utcMs)) return value;
  const whole = new Date(utcMs).toISOString().slice(0, 19);
  return form === "time" ? `${whole}Z` : `${whole}.${fraction.slice(1, 7).padEnd(6, "0")}Z`;
}
