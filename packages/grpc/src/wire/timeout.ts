const unitMs: Readonly<Record<string, number>> = {
  n: 1e-6,
  u: 1e-3,
  m: 1,
  S: 1000,
  M: 60_000,
  H: 3_600_000,
};
// At most eight digits.
const maxValue = 99_999_999;

/** A time as `grpc-timeout`, rounded up to what can be written. */
export function formatTimeout(ms: number): string {
  const wanted = Math.max(ms, 0);
  for (const unit of ["m", "S", "M"]) {
    const value = Math.ceil(wanted / (unitMs[unit] ?? 1));
    if (value <= maxValue) return `${value}${unit}`;
  }
  return `${Math.min(Math.ceil(wanted / 3_600_000), maxValue)}H`;
}

/** `grpc-timeout` in milliseconds; `undefined` if it is none. */
export function parseTimeoutMs(timeout: string): number | undefined {
  const match = /^(?<value>\d{1,8})(?<unit>[HMSmun])$/.exec(timeout);
  if (!match) return undefined;
  return Number(match.groups?.["value"]) * (unitMs[match.groups?.["unit"] ?? ""] ?? 1);
}
