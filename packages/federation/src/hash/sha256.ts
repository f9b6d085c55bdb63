// FIPS 180-4. Written out as WebCrypto's digest is asynchronous and the plan is not; where there is
// a synchronous one, as in Node, that takes a small part of the time.
const primes: readonly number[] = firstPrimes(64);
const constants: Uint32Array = Uint32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
const initial: Uint32Array = Uint32Array.from(primes.slice(0, 8), (prime) =>
  fraction(Math.sqrt(prime)),
);
const utf8 = new TextEncoder();
const schedule = new Uint32Array(64);

/** A synchronous digest of the platform's. */
type DigestHex = (text: string) => string;

const platformDigest = findPlatformDigest();

/** SHA-256 of UTF-8 text, in hex. */
export function sha256Hex(text: string): string {
  return platformDigest?.(text) ?? sha256HexInScript(text);
}

interface MaybeNode {
  readonly process?: {
    readonly getBuiltinModule?: (name: string) => unknown;
  };
}

interface MaybeCrypto {
  readonly hash?: (algorithm: string, text: string, encoding: "hex") => string;
}

// Asked for rather than imported, so that this file runs in browsers, too.
function findPlatformDigest(): DigestHex | undefined {
  const { process } = globalThis as MaybeNode;
  const crypto = process?.getBuiltinModule?.("node:crypto") as MaybeCrypto | undefined;
  const hash = crypto?.hash;
  return hash && ((text) => hash("sha256", text, "hex"));
}

/** The same without the platform's help. */
export function sha256HexInScript(text: string): string {
  const blocks = pad(utf8.encode(text));
  const state = Uint32Array.from(initial);
  for (let at = 0; at < blocks.byteLength; at += 64) compress(state, blocks, at);
  return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("");
}

function pad(bytes: Uint8Array): DataView {
  const padded = new Uint8Array((((bytes.length + 8) >> 6) + 1) * 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n);
  return view;
}

function compress(state: Uint32Array, blocks: DataView, at: number): void {
  const w = expand(blocks, at);
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let i = 0; i < 64; i += 1) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (constants[i] ?? 0) + (w[i] ?? 0)) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  add(state, [a, b, c, d, e, f, g, h]);
}

function expand(blocks: DataView, at: number): Uint32Array {
  const w = schedule;
  for (let i = 0; i < 16; i += 1) w[i] = blocks.getUint32(at + i * 4);
  for (let i = 16; i < 64; i += 1) {
    const low = w[i - 15] ?? 0;
    const high = w[i - 2] ?? 0;
    const s0 = rotate(low, 7) ^ rotate(low, 18) ^ (low >>> 3);
    const s1 = rotate(high, 17) ^ rotate(high, 19) ^ (high >>> 10);
    w[i] = ((w[i - 16] ?? 0) + s0 + (w[i - 7] ?? 0) + s1) | 0;
  }
  return w;
}

function add(state: Uint32Array, words: readonly number[]): void {
  for (const [index, word] of words.entries()) state[index] = (state[index] ?? 0) + word;
}

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

function fraction(value: number): number {
  return Math.floor((value % 1) * 2 ** 32);
}

function firstPrimes(count: number): readonly number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n += 1) {
    if (found.every((prime) => n % prime !== 0)) found.push(n);
  }
  return found;
}
