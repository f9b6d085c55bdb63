// Numbers of 130 bits in ten limbs of 13 bits: products and their sums stay exact in doubles.
const limbs = 10;
const limbBits = 13;
const limbSize = 2 ** limbBits;
const blockBytes = 16;

/** Poly1305 (RFC 8439, 2.5) of a message under a one-time key of 32 bytes: a tag of 16. */
export function poly1305(key: Uint8Array, message: Uint8Array): Buffer {
  const factors = factorsOf(clamp(key.subarray(0, 16)));
  const sum = new Float64Array(limbs);
  const product = new Float64Array(limbs);
  const block = new Uint8Array(blockBytes + 1);
  for (let at = 0; at < message.length; at += blockBytes) {
    const length = Math.min(blockBytes, message.length - at);
    block.fill(0, length);
    for (let byte = 0; byte < length; byte += 1) block[byte] = message[at + byte] ?? 0;
    block[length] = 1;
    addLimbs(sum, block);
    multiply(sum, factors, product);
    sum.set(product);
  }
  return finish(sum, key.subarray(16, 32));
}

function clamp(key: Uint8Array): Uint8Array {
  const masks = [255, 255, 255, 15, 252, 255, 255, 15, 252, 255, 255, 15, 252, 255, 255, 15];
  return Uint8Array.from(key, (byte, at) => byte & (masks[at] ?? 0));
}

/** sum ← sum + the number that the bytes are, the lowest first. */
function addLimbs(sum: Float64Array, bytes: Uint8Array): void {
  let held = 0;
  let bits = 0;
  let limb = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    held |= (bytes[at] ?? 0) << bits;
    bits += 8;
    if (bits < limbBits) continue;
    sum[limb] = (sum[limb] ?? 0) + (held & (limbSize - 1));
    held >>>= limbBits;
    bits -= limbBits;
    limb += 1;
  }
  if (limb < limbs) sum[limb] = (sum[limb] ?? 0) + held;
}

/** Five times r, then r: what runs over the top of a product comes back five times. */
function factorsOf(r: Uint8Array): Float64Array {
  const factors = new Float64Array(2 * limbs);
  addLimbs(factors.subarray(limbs), r);
  for (let at = 0; at < limbs; at += 1) factors[at] = 5 * (factors[at + limbs] ?? 0);
  return factors;
}

/** product ← sum · r modulo 2¹³⁰ − 5. */
function multiply(sum: Float64Array, factors: Float64Array, product: Float64Array): void {
  for (let at = 0; at < limbs; at += 1) {
    let total = 0;
    for (let by = 0; by < limbs; by += 1) {
      total += (sum[by] ?? 0) * (factors[at - by + limbs] ?? 0);
    }
    product[at] = total;
  }
  carry(product);
}

function carry(number: Float64Array): void {
  let over = 0;
  // The second pass takes in what the first has brought back to the bottom.
  for (let pass = 0; pass < 2; pass += 1) {
    for (let at = 0; at < limbs; at += 1) {
      const value = (number[at] ?? 0) + over;
      over = Math.floor(value / limbSize);
      number[at] = value - over * limbSize;
    }
    over *= 5;
  }
  number[0] = (number[0] ?? 0) + over;
}

function finish(sum: Float64Array, pad: Uint8Array): Buffer {
  carry(sum);
  let value = 0n;
  for (let at = limbs - 1; at >= 0; at -= 1) {
    value = (value << BigInt(limbBits)) + BigInt(sum[at] ?? 0);
  }
  const reduced = value % ((1n << 130n) - 5n);
  const padded =
    (reduced + BigInt(`0x${Buffer.from(pad).reverse().toString("hex")}`)) % (1n << 128n);
  return Buffer.from(padded.toString(16).padStart(32, "0"), "hex").reverse();
}
