const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A parsed duration, or why it is none in the words of Go. */
export type GoDuration =
  | { readonly kind: "ok"; readonly ms: number }
  | { readonly kind: "bad"; readonly why: string };

/** Parses `32s`, `1m0s`, `500ms`. */
export function parseGoDuration(text: string): GoDuration {
  const quoted = JSON.stringify(text);
  const sign = text.startsWith("-") ? -1 : 1;
  let rest = text.replace(/^[+-]/, "");
  if (rest === "0") return { kind: "ok", ms: 0 };
  if (rest === "") return { kind: "bad", why: `time: invalid duration ${quoted}` };
  let ms = 0;
  while (rest !== "") {
    const number = /^(?:\d+\.?\d*|\.\d+)/.exec(rest)?.[0];
    if (number === undefined) return { kind: "bad", why: `time: invalid duration ${quoted}` };
    rest = rest.slice(number.length);
    const unit = /^[^\d.]+/.exec(rest)?.[0];
    if (unit === undefined) {
      return { kind: "bad", why: `time: missing unit in duration ${quoted}` };
    }
    const factor = unitMs[unit];
    if (factor === undefined) {
      const shown = JSON.stringify(unit);
      return { kind: "bad", why: `time: unknown unit ${shown} in duration ${quoted}` };
    }
    ms += Number(number) * factor;
    rest = rest.slice(unit.length);
  }
  return { kind: "ok", ms: sign * ms };
}
