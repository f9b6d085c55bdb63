/**
 * The file of bbolt, the database that etcd keeps its data in: pages, two of which (0 and 1) tell
 * where the root is; trees of pages, one for each bucket and one for the buckets themselves.
 * Numbers are little-endian.
 */

/** Bytes of a page; a page with more has pages without a header after it. */
export const pageBytes = 4096;

/** Page id, flags, number of elements, number of pages that belong to it as well. */
export const pageHeadBytes = 16;

/** What an element of a leaf or a branch takes beside its key and value. */
export const elementBytes = 16;

/** The root page of a bucket, and a number that etcd does not use. */
export const bucketHeadBytes = 16;

/** What kind of page it is. */
export const pageFlags = { branch: 0x01, leaf: 0x02, meta: 0x04 } as const;

/** The flag of an element whose value is a bucket. */
export const bucketFlag = 0x01;

/** A bucket whose only page has no more bytes stands in its own value, and has root 0. */
export const maxInlineBytes: number = pageBytes / 4;

/** Stands for a list of free pages that was not written: whoever opens the file makes it. */
export const noFreelist = 0xffff_ffff_ffff_ffffn;

const magic = 0xed0c_daed;
const version = 2;
const checkedBytes = 56;

/** What a meta page says. */
export interface BoltMeta {
  /** The root page of the buckets. */
  readonly root: number;
  /** How many pages the file has. */
  readonly pages: number;
  /** Of two meta pages that are sound, the one with the higher number counts. */
  readonly transaction: number;
}

/** Writes the head of a page. */
export function writePageHead(
  page: Buffer,
  head: { readonly id: number; readonly flags: number; readonly count: number },
): void {
  page.writeBigUInt64LE(BigInt(head.id), 0);
  page.writeUInt16LE(head.flags, 8);
  page.writeUInt16LE(head.count, 10);
  page.writeUInt32LE(Math.max(0, Math.ceil(page.length / pageBytes) - 1), 12);
}

/** A meta page. */
export function encodeMeta(id: 0 | 1, { root, pages, transaction }: BoltMeta): Buffer {
  const page = Buffer.alloc(pageBytes);
  writePageHead(page, { id, flags: pageFlags.meta, count: 0 });
  const meta = page.subarray(pageHeadBytes);
  meta.writeUInt32LE(magic, 0);
  meta.writeUInt32LE(version, 4);
  meta.writeUInt32LE(pageBytes, 8);
  meta.writeBigUInt64LE(BigInt(root), 16);
  meta.writeBigUInt64LE(noFreelist, 32);
  meta.writeBigUInt64LE(BigInt(pages), 40);
  meta.writeBigUInt64LE(BigInt(transaction), 48);
  meta.writeBigUInt64LE(fnv64a(meta.subarray(0, checkedBytes)), checkedBytes);
  return page;
}

/** Bytes that are enough to read a meta page. */
export const metaBytes: number = pageHeadBytes + checkedBytes + 8;

/** What a meta page says, and how long the pages of the file are; `undefined` where it is none, or is not whole. */
export function decodeMeta(
  page: Buffer,
): (BoltMeta & { readonly pageSizeBytes: number }) | undefined {
  if (page.length < metaBytes) return undefined;
  const meta = page.subarray(pageHeadBytes);
  if (meta.readUInt32LE(0) !== magic || meta.readUInt32LE(4) !== version) return undefined;
  if (meta.readBigUInt64LE(checkedBytes) !== fnv64a(meta.subarray(0, checkedBytes))) {
    return undefined;
  }
  return {
    pageSizeBytes: meta.readUInt32LE(8),
    root: Number(meta.readBigUInt64LE(16)),
    pages: Number(meta.readBigUInt64LE(40)),
    transaction: Number(meta.readBigUInt64LE(48)),
  };
}

/** Whether a file that begins so is meant to be a database of bbolt. */
export function looksLikeBolt(start: Buffer): boolean {
  return start.length >= pageHeadBytes + 4 && start.readUInt32LE(pageHeadBytes) === magic;
}

function fnv64a(bytes: Buffer): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n;
  for (const byte of bytes) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100_0000_01b3n);
  }
  return hash;
}
