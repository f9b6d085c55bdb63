import { type FieldError, invalid } from "@cellplane/apimachinery";

interface CronField {
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const fields: readonly CronField[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: days },
];
const descriptors = [
  "@yearly",
  "@annually",
  "@monthly",
  "@weekly",
  "@daily",
  "@midnight",
  "@hourly",
];

/** The schedule of a CronJob: five fields, or a descriptor such as `@daily`. */
export function validateCronSchedule(path: string, schedule: string): FieldError[] {
  const broken = brokenSchedule(schedule);
  return broken === undefined ? [] : [invalid(path, schedule, broken)];
}

function brokenSchedule(schedule: string): string | undefined {
  if (schedule.startsWith("@")) {
    const known = descriptors.includes(schedule) || /^@every \S+$/.test(schedule);
    return known ? undefined : `unrecognized descriptor: ${schedule}`;
  }
  const parts = schedule.split(/\s+/).filter((part) => part !== "");
  if (parts.length !== fields.length) {
    return `expected exactly 5 fields, found ${parts.length}: [${parts.join(" ")}]`;
  }
  for (const [at, part] of parts.entries()) {
    const field = fields[at];
    const broken = field && part.split(",").map((range) => brokenRange(range, field));
    const first = broken?.find((each) => each !== undefined);
    if (first !== undefined) return first;
  }
  return undefined;
}

function brokenRange(text: string, field: CronField): string | undefined {
  const [range = "", step, ...more] = text.split("/");
  if (more.length > 0) return `too many slashes: ${text}`;
  if (step !== undefined && !/^\d+$/.test(step)) return parseFailure(step);
  if (step === "0") return `step of range should be a positive number: ${text}`;
  if (range === "*" || range === "?") return undefined;
  const bounds = range.split("-");
  if (bounds.length > 2) return `too many hyphens: ${text}`;
  const numbers = bounds.map((bound) => numberOf(bound, field));
  const bad = bounds.find((_, at) => numbers[at] === undefined);
  if (bad !== undefined) return parseFailure(bad);
  const [start = 0, end = start] = numbers;
  if (start < field.min)
    return `beginning of range (${start}) below minimum (${field.min}): ${text}`;
  if (end > field.max) return `end of range (${end}) above maximum (${field.max}): ${text}`;
  return start > end
    ? `beginning of range (${start}) beyond end of range (${end}): ${text}`
    : undefined;
}

function numberOf(text: string, field: CronField): number | undefined {
  const named = field.names.indexOf(text.toLowerCase());
  if (named >= 0) return named + field.min;
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

function parseFailure(text: string): string {
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
}
