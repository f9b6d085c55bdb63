/** A time as Kubernetes writes it: RFC 3339 in UTC, to the second or, for MicroTime, with six digits. */
export function formatTime(type: "time" | "microTime", seconds: number, nanos: number): string {
  const text = new Date(seconds * 1000).toISOString();
  const toSecond = text.slice(0, text.indexOf("."));
  if (type === "time") return `${toSecond}Z`;
  return `${toSecond}.${String(Math.floor(nanos / 1000)).padStart(6, "0")}Z`;
}

/** Seconds since 1970 and nanoseconds of an RFC 3339 time; `undefined` if it is not one. */
export function parseTime(
  text: string,
): { readonly seconds: number; readonly nanos: number } | undefined {
  const fraction = /[.,](\d+)/.exec(text);
  const whole = fraction ? text.replace(fraction[0], "") : text;
  const milliseconds = Date.parse(whole);
  if (Number.isNaN(milliseconds)) return undefined;
  const nanos = Number((fraction?.[1] ?? "").padEnd(9, "0").slice(0, 9));
  return { seconds: milliseconds / 1000, nanos };
}
