const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** An age as tables print it: two units at most, the smaller one only while it says something. */
export function formatHumanDuration(durationMs: number): string {
  const seconds = Math.trunc(durationMs / second);
  // A clock that is a little behind is no reason to complain.
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(durationMs / minute);
  if (minutes < 10) return join(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(durationMs / hour);
  if (hours < 8) return join(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (days < 8) return join(days, "d", hours % 24, "h");
  if (days < 730) return `${days}d`;
  const years = Math.trunc(days / 365);
  if (years < 8) return join(years, "y", days % 365, "d");
  return `${years}y`;
}

/** How long ago an RFC 3339 time was; `<unknown>` where there is none. */
export function formatAge(timestamp: string | null | undefined, nowMs: number): string {
  if (!timestamp) return "<unknown>";
  const thenMs = Date.parse(timestamp);
  return Number.isNaN(thenMs) ? "<invalid>" : formatHumanDuration(nowMs - thenMs);
}

// oxlint-disable-next-line max-params -- two numbers with their units
function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
