// RFC 1321. Node's and the browser's own are not both synchronous, and KubeFed's hashes need MD5.
const shifts = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const sines = Uint32Array.from({ length: 64 }, (_, i) =>
  Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32),
);

/** MD5 of UTF-8 text, in hex. Not for secrets: KubeFed's hashes are of this form. */
export function md5Hex(text: string): string {
  const words = pad(new TextEncoder().encode(text));
  const state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  for (let at = 0; at < words.length; at += 16) mix(state, words.subarray(at, at + 16));
  return Array.from(new Uint8Array(state.buffer), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}

function pad(bytes: Uint8Array): Uint32Array {
  const padded = new Uint8Array((((bytes.length + 8) >> 6) + 1) * 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  new DataView(padded.buffer).setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n, true);
  // Every platform that runs JavaScript today is little-endian, as MD5 is.
  return new Uint32Array(padded.buffer);
}

function mix(state: Uint32Array, block: Uint32Array): void {
  let [a = 0, b = 0, c = 0, d = 0] = state;
  for (let i = 0; i < 64; i += 1) {
    const round = i >> 4;
    const sum =
      (a + choose(round, { b, c, d }) + (sines[i] ?? 0) + (block[wordAt(round, i)] ?? 0)) | 0;
    const by = shifts[round * 4 + (i & 3)] ?? 0;
    const rotated = (sum << by) | (sum >>> (32 - by));
    [a, d, c, b] = [d, c, b, (b + rotated) | 0];
  }
  state[0] = (state[0] ?? 0) + a;
  state[1] = (state[1] ?? 0) + b;
  state[2] = (state[2] ?? 0) + c;
  state[3] = (state[3] ?? 0) + d;
}

function choose(
  round: number,
  { b, c, d }: { readonly b: number; readonly c: number; readonly d: number },
): number {
  if (round === 0) return (b & c) | (~b & d);
  if (round === 1) return (d & b) | (~d & c);
  return round === 2 ? b ^ c ^ d : c ^ (b | ~d);
}

function wordAt(round: number, i: number): number {
  if (round === 0) return i;
  if (round === 1) return (5 * i + 1) & 15;
  return round === 2 ? (3 * i + 5) & 15 : (7 * i) & 15;
}
