import type { CachedObject } from "../watch-cache/cached-object.ts";
import { headOf } from "../storage/stored-object.ts";

const sliceBytes = 256 << 10;

/** Pieces of a JSON list: what stands before each object's stored tail. */
export interface ListPieces {
  readonly front: string;
  readonly items: readonly CachedObject[];
  /** Text in front of the tail of an item. */
  readonly headOf: (item: CachedObject) => string;
  readonly back: string;
}

/** The bytes of a list in slices, each made when it is asked for. */
export function* sliceList(pieces: ListPieces): Generator<Buffer> {
  let parts: (string | Buffer)[] = [pieces.front];
  let size = pieces.front.length;
  let isFirst = true;
  for (const item of pieces.items) {
    const head = isFirst ? pieces.headOf(item) : `,${pieces.headOf(item)}`;
    isFirst = false;
    parts.push(head, item.tail);
    size += head.length + item.tail.length;
    if (size < sliceBytes) continue;
    yield join(parts, size);
    parts = [];
    size = 0;
  }
  parts.push(pieces.back);
  yield join(parts, size + pieces.back.length);
}

/** The head of an item with its resourceVersion; a list of a built-in kind shows no kind in its items. */
export function itemHead(apiVersion: string, showsKind: boolean): (item: CachedObject) => string {
  if (!showsKind) return (item) => `{"metadata":{"resourceVersion":"${item.revision}",`;
  return (item) => {
    const head = headOf({ kind: item.kind, apiVersion });
    return `${head}"resourceVersion":"${item.revision}",`;
  };
}

// Texts are ASCII.
function join(parts: readonly (string | Buffer)[], size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const part of parts) {
    if (typeof part === "string") bytes.write(part, at, "latin1");
    else part.copy(bytes, at);
    at += part.length;
  }
  return bytes;
}
