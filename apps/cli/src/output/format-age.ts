const minuteS = 60;
const hourS = 60 * minuteS;
const dayS = 24 * hourS;

/** How long ago something was, as kubectl tables tell it: `45s`, `3m10s`, `25h`, `4d`. */
export function formatAge(then: string | undefined, nowMs: number): string {
  const thenMs = Date.parse(then ?? "");
  if (Number.isNaN(thenMs)) return "<unknown>";
  const seconds = Math.max(0, Math.round((nowMs - thenMs) / 1000));
  if (seconds < 2 * minuteS) return `${seconds}s`;
  const minutes = Math.floor(seconds / minuteS);
  if (minutes < 10) return withRest(`${minutes}m`, seconds % minuteS, "s");
  if (minutes < 3 * 60) return `${minutes}m`;
  const hours = Math.floor(seconds / hourS);
  if (hours < 8) return withRest(`${hours}h`, Math.floor((seconds % hourS) / minuteS), "m");
  if (hours < 48) return `${hours}h`;
  return `${Math.floor(seconds / dayS)}d`;
}

function withRest(text: string, rest: number, unit: string): string {
  return rest === 0 ? text : `${text}${rest}${unit}`;
}
