const unitsMs: ReadonlyMap<string, number> = new Map([
  ["ns", 1e-6],
  ["us", 1e-3],
  ["µs", 1e-3],
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);
const whole = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+|0)$/;

/** Go's durations (`3s`, `1m30s`) in milliseconds; `undefined`: it is none. */
export function parseDurationMs(text: string): number | undefined {
  const [, sign, parts] = whole.exec(text) ?? [];
  if (parts === undefined) return undefined;
  let sum = 0;
  for (const [, amount, unit] of parts.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    sum += Number(amount) * (unitsMs.get(unit ?? "") ?? 0);
  }
  return sign === "-" ? -sum : sum;
}

/** A duration as Go prints it, to the millisecond. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  if (Math.abs(ms) < 1000) return `${ms}ms`;
  const seconds = ms / 1000;
  const [hours, minutes] = [Math.trunc(seconds / 3600), Math.trunc((seconds % 3600) / 60)];
  const rest = `${Math.abs(seconds % 60)}s`;
  const sign = ms < 0 ? "-" : "";
  if (hours !== 0) return `${sign}${Math.abs(hours)}h${Math.abs(minutes)}m${rest}`;
  return minutes === 0 ? `${sign}${rest}` : `${sign}${Math.abs(minutes)}m${rest}`;
}
