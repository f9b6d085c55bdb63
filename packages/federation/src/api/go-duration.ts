const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const duration = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+|0)$/;

/** A Go duration (`1m30s`) in milliseconds; `undefined` where the text is none. */
export function parseGoDurationMs(text: string): number | undefined {
  const [, sign, parts] = duration.exec(text) ?? [];
  if (parts === undefined) return undefined;
  let sumMs = 0;
  for (const [, amount, unit] of parts.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    sumMs += Number(amount) * (unitsMs[unit ?? ""] ?? 0);
  }
  return sign === "-" ? -sumMs : sumMs;
}
