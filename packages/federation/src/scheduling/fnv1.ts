const offsetBasis = 0x811c9dc5;
const prime = 0x01000193;

/** FNV-1, 32 bits, of a text's UTF-8 bytes: Go's `fnv.New32`, by which KubeFed breaks ties. */
export function fnv1Hash(text: string): number {
  let hash = offsetBasis;
  for (const byte of new TextEncoder().encode(text)) {
    hash = (Math.imul(hash, prime) ^ byte) >>> 0;
  }
  return hash;
}
