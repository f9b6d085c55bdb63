/** Whether a text has a format that Kubernetes checks; `undefined`: it does not check this one. */
export function hasFormat(format: string, text: string): boolean | undefined {
  const check = checks.get(format) ?? checks.get(format.replaceAll("-", ""));
  return check?.(text);
}

type Check = (text: string) => boolean;

const matching =
  (pattern: RegExp): Check =>
  (text) =>
    pattern.test(text);

const dayPattern = /^(\d{4})-(\d\d)-(\d\d)$/;
const dateTimePattern =
  /^(\d{4}-\d\d-\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,]\d+)?([Zz]|[+-]\d\d:?\d\d)$/;
const durationPattern = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const wordDurationPattern =
  /^(?:\d+\s*(?:nanos?|ns|micros?|us|µs|millis?|ms|secs?|seconds?|s|mins?|minutes?|m|hours?|hrs?|h|days?|d|weeks?|wks?|w)\s*)+$/i;
const hostLabel = /^[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?$/;
const shortNamePattern = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const longNamePattern = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const emailPattern = /^[^\s@<>()[\]\\,;:"]+@[^\s@<>()[\]\\,;:"]+$/;
const ssnPattern = /^\d{3}[- ]?\d{2}[- ]?\d{4}$/;
const cardPattern =
  /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/;
const rgbPattern =
  /^rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)$/;
const macPattern =
  /^(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}(?:[0-9a-f]{2}\1[0-9a-f]{2}\1)?[0-9a-f]{2}$/i;
const dottedMacPattern = /^(?:[0-9a-f]{4}\.){2}(?:[0-9a-f]{4}\.)?[0-9a-f]{4}$/i;
const uuid = (version: string): RegExp =>
  new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}-?[0-9a-f]{4}-?[0-9a-f]{12}$`, "i");
const variantUuid = (version: string): RegExp =>
  new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$`, "i");

// Names without dashes: that is how Kubernetes looks formats up.
const checks: ReadonlyMap<string, Check> = new Map<string, Check>([
  ["bsonobjectid", matching(/^[0-9a-f]{24}$/i)],
  ["uri", isRequestUri],
  ["email", matching(emailPattern)],
  ["hostname", isHostname],
  ["ipv4", isIpv4],
  ["ipv6", isIpv6],
  ["cidr", isCidr],
  ["mac", (text) => macPattern.test(text) || dottedMacPattern.test(text)],
  ["uuid", matching(uuid("[0-9a-f]{4}"))],
  ["uuid3", matching(uuid("3[0-9a-f]{3}"))],
  ["uuid4", matching(variantUuid("4[0-9a-f]{3}"))],
  ["uuid5", matching(variantUuid("5[0-9a-f]{3}"))],
  ["isbn", (text) => isIsbn10(text) || isIsbn13(text)],
  ["isbn10", isIsbn10],
  ["isbn13", isIsbn13],
  ["creditcard", isCreditCard],
  ["ssn", matching(ssnPattern)],
  ["hexcolor", matching(/^#?(?:[0-9a-f]{3}|[0-9a-f]{6})$/i)],
  ["rgbcolor", matching(rgbPattern)],
  ["byte", isBase64],
  ["password", () => true],
  ["date", isDay],
  ["duration", (text) => durationPattern.test(text) || wordDurationPattern.test(text.trim())],
  ["datetime", isDateTime],
  ["date-time", isDateTime],
  ["k8sshortname", (text) => text.length <= 63 && shortNamePattern.test(text)],
  ["k8slongname", (text) => text.length <= 253 && longNamePattern.test(text)],
]);

function isDay(text: string): boolean {
  const match = dayPattern.exec(text);
  if (!match) return false;
  const month = Number(match[2]);
  const day = Number(match[3]);
  return month >= 1 && month <= 12 && day >= 1 && day <= daysOf(Number(match[1]), month);
}

function daysOf(year: number, month: number): number {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return isLeap ? 29 : 28;
}

/** RFC 3339, also with a comma before the fraction, as Go's parser takes it. */
export function isDateTime(text: string): boolean {
  const match = dateTimePattern.exec(text);
  if (!match || !isDay(match[1] ?? "")) return false;
  return Number(match[2]) < 24 && Number(match[3]) < 60 && Number(match[4]) < 60;
}

/** Standard base64, padded; line breaks are skipped. */
export function isBase64(text: string): boolean {
  const compact = /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, "") : text;
  return compact.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(compact);
}

function isHostname(text: string): boolean {
  if (text.length === 0 || text.length > 255) return false;
  return text
    .replace(/\.$/, "")
    .split(".")
    .every((label) => hostLabel.test(label));
}

/** Dotted decimal without leading zeros. */
export function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return (
    parts.length === 4 &&
    parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
  );
}

/** Colon hexadecimal, with `::` and an IPv4 tail; no zone. */
export function isIpv6(text: string): boolean {
  if (!text.includes(":")) return false;
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1) ?? "";
  const hasTail = last.includes(".");
  if (hasTail && (!isIpv4(last) || text.endsWith("::"))) return false;
  const hex = hasTail ? groups.slice(0, -1) : groups;
  if (!hex.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  const length = hex.length + (hasTail ? 2 : 0);
  return halves.length === 2 ? length < 8 : length === 8;
}

function isCidr(text: string): boolean {
  const [address = "", bits = "", rest] = text.split("/");
  if (rest !== undefined || !/^(?:0|[1-9]\d{0,2})$/.test(bits)) return false;
  if (isIpv4(address)) return Number(bits) <= 32;
  return isIpv6(address) && Number(bits) <= 128;
}

function isRequestUri(text: string): boolean {
  if (text === "" || /[\s\p{Cc}]/u.test(text)) return false;
  return text.startsWith("/") || URL.canParse(text);
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]/g, "");
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  const weights = Array.from(
    digits,
    (digit, at) => (digit === "X" ? 10 : Number(digit)) * (at + 1),
  );
  return weights.reduce((sum, each) => sum + each, 0) % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]/g, "");
  if (!/^\d{13}$/.test(digits)) return false;
  const weights = Array.from(digits, (digit, at) => Number(digit) * (at % 2 === 0 ? 1 : 3));
  return weights.reduce((sum, each) => sum + each, 0) % 10 === 0;
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/\D/g, "");
  if (!cardPattern.test(digits)) return false;
  const sum = Array.from(digits)
    .reverse()
    .reduce((total, digit, at) => {
      const doubled = Number(digit) * (at % 2 === 0 ? 1 : 2);
      return total + (doubled > 9 ? doubled - 9 : doubled);
    }, 0);
  return sum % 10 === 0;
}
