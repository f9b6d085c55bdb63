/** `expand 32-byte k` as four little-endian words (Salsa20 specification, §9). */
const sigma: readonly [number, number, number, number] = [
  0x61707865, 0x3320646e, 0x79622d32, 0x6b206574,
];
const blockBytes = 64;
const doubleRounds = 10;

/** Where each quarter-round of a double round works, four places each: columns, then rows (§§ 4–6). */
const quarters: Uint8Array = Uint8Array.of(
  ...[0, 4, 8, 12, 5, 9, 13, 1, 10, 14, 2, 6, 15, 3, 7, 11],
  ...[0, 1, 2, 3, 5, 6, 7, 4, 10, 11, 8, 9, 15, 12, 13, 14],
);

/**
 * `length` bytes of XSalsa20's key stream: a key of 32 bytes, a nonce of 24
 * (D. J. Bernstein, "Extending the Salsa20 nonce").
 */
export function xsalsa20Stream(key: Uint8Array, nonce: Uint8Array, length: number): Buffer {
  const subkey = hsalsa20(wordsOf(key), wordsOf(nonce.subarray(0, 16)));
  const state = stateOf(subkey, Int32Array.of(...wordsOf(nonce.subarray(16, 24)), 0, 0));
  const stream = Buffer.alloc(Math.ceil(length / blockBytes) * blockBytes);
  const work = new Int32Array(16);
  for (let at = 0, block = 0; at < length; at += blockBytes, block += 1) {
    state[8] = block | 0;
    state[9] = Math.floor(block / 2 ** 32);
    work.set(state);
    mix(work);
    for (let word = 0; word < 16; word += 1) {
      stream.writeInt32LE(((work[word] ?? 0) + (state[word] ?? 0)) | 0, at + 4 * word);
    }
  }
  return stream.subarray(0, length);
}

/** A key of 32 bytes from a key and the first 16 bytes of the nonce. */
function hsalsa20(key: Int32Array, input: Int32Array): Int32Array {
  const work = stateOf(key, input);
  mix(work);
  return Int32Array.from([0, 5, 10, 15, 6, 7, 8, 9], (at) => work[at] ?? 0);
}

function stateOf(key: Int32Array, input: Int32Array): Int32Array {
  const [s0, s1, s2, s3] = sigma;
  return Int32Array.of(...[s0, ...key.subarray(0, 4), s1, ...input, s2, ...key.subarray(4, 8), s3]);
}

// Flat tables and plain numbers: this is the innermost loop.
function mix(x: Int32Array): void {
  for (let round = 0; round < doubleRounds; round += 1) {
    for (let at = 0; at < quarters.length; at += 4) {
      const a = quarters[at] ?? 0;
      const b = quarters[at + 1] ?? 0;
      const c = quarters[at + 2] ?? 0;
      const d = quarters[at + 3] ?? 0;
      const xb = (x[b] ?? 0) ^ rotate(((x[a] ?? 0) + (x[d] ?? 0)) | 0, 7);
      const xc = (x[c] ?? 0) ^ rotate((xb + (x[a] ?? 0)) | 0, 9);
      const xd = (x[d] ?? 0) ^ rotate((xc + xb) | 0, 13);
      x[a] = (x[a] ?? 0) ^ rotate((xd + xc) | 0, 18);
      x[b] = xb;
      x[c] = xc;
      x[d] = xd;
    }
  }
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function wordsOf(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int32Array.from({ length: bytes.length / 4 }, (_, at) => view.getInt32(4 * at, true));
}
