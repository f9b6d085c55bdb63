import { createHash } from "node:crypto";

/** A point of the curve in extended coordinates: x = X/Z, y = Y/Z, T = XY/Z. */
type Point = readonly [X: bigint, Y: bigint, Z: bigint, T: bigint];

/** The field's prime, and the order of the base point (RFC 8032, 5.1). */
const p = 2n ** 255n - 19n;
const order = 2n ** 252n + 27742317777372353535851937790883648493n;

/** d of the curve -x² + y² = 1 + d x² y², twice. */
const twiceD = mod(2n * -121665n * inverse(121666n));

const base: Point = baseFrom(
  15112221349535400772501151409588531511454012693041857206046113283949847762202n,
  mod(4n * inverse(5n)),
);
const neutral: Point = [0n, 1n, 1n, 0n];

/**
 * Signs by Ed25519 with a secret of any length, as MariaDB's `client_ed25519` does with a password;
 * `node:crypto` takes secrets of 32 bytes alone. Its time depends on the secret, so it is for a login
 * now and then, whose time nobody can measure often.
 */
export function signEd25519(secret: Uint8Array, message: Uint8Array): Buffer {
  const expanded = sha512(secret);
  const scalar = clamp(expanded.subarray(0, 32));
  const publicKey = encodePoint(multiply(base, scalar));
  const nonce = fromBytes(sha512(expanded.subarray(32), message)) % order;
  const commitment = encodePoint(multiply(base, nonce));
  const challenge = fromBytes(sha512(commitment, publicKey, message)) % order;
  return Buffer.concat([commitment, toBytes((nonce + challenge * scalar) % order)]);
}

function sha512(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash("sha512");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** A multiple of the cofactor, of a fixed length. */
function clamp(bytes: Uint8Array): bigint {
  return (fromBytes(bytes) & (2n ** 254n - 8n)) | (2n ** 254n);
}

function multiply(point: Point, scalar: bigint): Point {
  let sum = neutral;
  let doubled = point;
  for (let rest = scalar; rest > 0n; rest >>= 1n) {
    if (rest & 1n) sum = add(sum, doubled);
    doubled = add(doubled, doubled);
  }
  return sum;
}

/** The complete addition, which doubles, too (RFC 8032, 5.1.4). */
function add([x1, y1, z1, t1]: Point, [x2, y2, z2, t2]: Point): Point {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(mod(t1 * twiceD) * t2);
  const d = mod(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

/** y, with the lowest bit of x as the highest of all. */
function encodePoint([x, y, z]: Point): Buffer {
  const inverseZ = inverse(z);
  const isOdd = mod(x * inverseZ) & 1n;
  return toBytes(mod(y * inverseZ) | (isOdd << 255n));
}

function baseFrom(x: bigint, y: bigint): Point {
  return [x, y, 1n, mod(x * y)];
}

function mod(value: bigint): bigint {
  const rest = value % p;
  return rest < 0n ? rest + p : rest;
}

/** By Fermat: value to the power of p - 2. */
function inverse(value: bigint): bigint {
  let result = 1n;
  let power = mod(value);
  for (let rest = p - 2n; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * power);
    power = mod(power * power);
  }
  return result;
}

function fromBytes(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
}

function toBytes(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, "0"), "hex").reverse();
}
