import { errorCodes, Http2Error } from "./http2-error.ts";

/**
 * Bits of the code of each byte, and of the end's (RFC 7541, appendix B). Codes of one length follow
 * each other in the order of their bytes, and shorter ones stand before longer ones.
 */
// oxfmt-ignore
const lengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];
const end = 256;

/** A node's two children: the number of a node, or a byte below zero, as `-1 - byte`. */
type Node = [zero: number, one: number];

/** Grown when it is first needed: most peers of this process never are. */
let tree: readonly Node[] | undefined;

function growTree(): readonly Node[] {
  const nodes: Node[] = [[0, 0]];
  const symbols = lengths.map((_, symbol) => symbol);
  symbols.sort((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0) || a - b);
  let code = 0;
  let bits = 0;
  for (const symbol of symbols) {
    const length = lengths[symbol] ?? 0;
    code *= 2 ** (length - bits);
    bits = length;
    plant(nodes, { symbol, code, bits });
    code += 1;
  }
  return nodes;
}

function plant(
  nodes: Node[],
  { symbol, code, bits }: { readonly symbol: number; readonly code: number; readonly bits: number },
): void {
  let at: Node = nodes[0] ?? [0, 0];
  for (let bit = bits - 1; bit > 0; bit--) {
    const side = (code >>> bit) & 1 ? 1 : 0;
    if (at[side] === 0) at[side] = nodes.push([0, 0]) - 1;
    at = nodes[at[side]] ?? at;
  }
  at[code & 1 ? 1 : 0] = -1 - symbol;
}

/**
 * Reads a text in HPACK's Huffman code.
 * @throws {Http2Error} It does not end as it should.
 */
export function decodeHuffman(bytes: Uint8Array): string {
  tree ??= growTree();
  const found: number[] = [];
  let node = 0;
  let pending = 0;
  let isPadding = true;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const side = (byte >>> bit) & 1 ? 1 : 0;
      const next = tree[node]?.[side] ?? 0;
      pending += 1;
      if (side === 0) isPadding = false;
      node = next;
      if (next >= 0) continue;
      if (next === -1 - end) throw broken();
      found.push(-1 - next);
      node = 0;
      pending = 0;
      isPadding = true;
    }
  }
  // What fills the last byte is the beginning of the end's code, which has ones only.
  if (pending > 7 || !isPadding) throw broken();
  return Buffer.from(found).toString("latin1");
}

function broken(): Http2Error {
  return new Http2Error(errorCodes.compression, "Cannot read a header in Huffman code");
}
