import type { JsonValue } from "@cellplane/apimachinery";

const pattern = /^([+-]?)(\d*)(?:\.(\d*))?(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d{1,2})?$/;
const tenPowers: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const binaryPowers: Readonly<Record<string, bigint>> = {
  Ki: 1n,
  Mi: 2n,
  Gi: 3n,
  Ti: 4n,
  Pi: 5n,
  Ei: 6n,
};
// Puts every quantity that the pattern lets through on whole numbers.
const scale = 200;

/** Whether two values are one quantity of Kubernetes written differently, as `1000m` and `1` are. */
export function isSameQuantity(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  const [one, other] = [scaledOf(left), scaledOf(right)];
  return one !== undefined && one === other;
}

function scaledOf(value: JsonValue | undefined): bigint | undefined {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "bigint") {
    return undefined;
  }
  const text = String(value);
  const [, sign = "", whole = "", fraction = "", suffix = ""] = pattern.exec(text) ?? [];
  const digits = `${whole}${fraction}`;
  if (digits === "" || digits.length > 60) return undefined;
  const exponent = /^[eE]./.test(suffix) ? Number(suffix.slice(1)) : (tenPowers[suffix] ?? 0);
  const binary = 1024n ** (binaryPowers[suffix] ?? 0n);
  const size = BigInt(digits) * binary * 10n ** BigInt(scale + exponent - fraction.length);
  return sign === "-" ? -size : size;
}
