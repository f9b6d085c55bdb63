import type { JsonValue } from "@cellplane/apimachinery";

/** An exact amount: `digits` × 10^`exponent` (decimal, exponent) or whole bytes (binary). */
interface Amount {
  /** The value times 10⁹, rounded away from zero: nano is the finest that Kubernetes keeps. */
  readonly nano: bigint;
  readonly format: "decimal" | "exponent" | "binary";
}

const pattern = /^([+-]?)(\d+\.?\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d+)?$/;
const decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const nanoPerOne = 1_000_000_000n;

/** The amount of a quantity in billionths, or nothing where it is none. */
export function quantityNanos(value: JsonValue | undefined): bigint | undefined {
  return parse(value)?.nano;
}

/** Compares two valid quantities: negative, zero or positive. */
export function compareQuantities(
  left: JsonValue | undefined,
  right: JsonValue | undefined,
): number {
  const difference = (quantityNanos(left) ?? 0n) - (quantityNanos(right) ?? 0n);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/**
 * The canonical form of a quantity (`1000m` → `1`, `0.5` → `500m`, `1024Mi` → `1Gi`): no fraction,
 * the largest suffix that allows it, in the format that was given. Anything else unchanged.
 */
export function canonicalQuantity(value: JsonValue): JsonValue {
  const amount = parse(value);
  if (!amount) return value;
  if (amount.nano === 0n) return "0";
  if (amount.format === "binary") return formatBinary(amount.nano);
  return formatDecimal(amount.nano, amount.format);
}

function parse(value: JsonValue | undefined): Amount | undefined {
  const text = typeof value === "number" || typeof value === "bigint" ? String(value) : value;
  if (typeof text !== "string") return undefined;
  const match = pattern.exec(text);
  if (!match) return undefined;
  const [, sign = "", number = "0", suffix = ""] = match;
  const [whole = "", fraction = ""] = number.split(".");
  const digits = BigInt(`${whole}${fraction}`);
  const scaled = scale(digits, fraction.length, suffix);
  return { ...scaled, nano: sign === "-" ? -scaled.nano : scaled.nano };
}

function scale(digits: bigint, places: number, suffix: string): Amount {
  const binary = binarySuffixes.indexOf(suffix);
  if (binary > 0) {
    const nano = divideUp(digits * nanoPerOne * 1024n ** BigInt(binary), 10n ** BigInt(places));
    return { nano, format: "binary" };
  }
  const isExponent = /^[eE][+-]?\d/.test(suffix);
  const power = isExponent ? Number(suffix.slice(1)) : decimalSuffixes.indexOf(suffix) * 3 - 9;
  const exponent = power + 9 - places;
  const nano =
    exponent >= 0 ? digits * 10n ** BigInt(exponent) : divideUp(digits, 10n ** BigInt(-exponent));
  return { nano, format: isExponent ? "exponent" : "decimal" };
}

function divideUp(amount: bigint, by: bigint): bigint {
  return (amount + by - 1n) / by;
}

/** Binary suffixes only stand for whole numbers of at least 1024; below that the form is decimal. */
function formatBinary(nano: bigint): string {
  const size = nano < 0n ? -nano : nano;
  if (size < 1024n * nanoPerOne) return formatDecimal(nano, "decimal");
  let units = divideUp(size, nanoPerOne);
  let index = 0;
  while (units % 1024n === 0n && index < binarySuffixes.length - 1) {
    units /= 1024n;
    index += 1;
  }
  return `${nano < 0n ? "-" : ""}${units}${binarySuffixes[index] ?? ""}`;
}

function formatDecimal(nano: bigint, format: "decimal" | "exponent"): string {
  let units = nano;
  let index = 0;
  while (units % 1000n === 0n && index < decimalSuffixes.length - 1) {
    units /= 1000n;
    index += 1;
  }
  if (format === "decimal") return `${units}${decimalSuffixes[index] ?? ""}`;
  const exponent = index * 3 - 9;
  return exponent === 0 ? `${units}` : `${units}e${exponent}`;
}
