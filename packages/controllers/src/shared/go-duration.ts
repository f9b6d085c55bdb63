const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const whole = /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/;
const part = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g;

/** A Go duration such as `1m30s` in milliseconds; `undefined` where it is absent or none. */
export function parseGoDuration(text: string | undefined): number | undefined {
  if (text === undefined || !whole.test(text)) return undefined;
  let sumMs = 0;
  for (const [, amount, unit] of text.matchAll(part))
    sumMs += Number(amount) * (unitMs[unit ?? ""] ?? 0);
  return sumMs;
}
