import type { WireEvent } from "@cellplane/etcd-api";

/** About what an event has around its keys and values. */
const overheadBytes = 64;

/** Cuts events into parts of at most so many bytes, each of at least one event. */
export function splitEvents(
  events: readonly WireEvent[],
  maxBytes: number,
): readonly WireEvent[][] {
  const parts: WireEvent[][] = [];
  let bytes = 0;
  for (const event of events) {
    const size = bytesOf(event);
    const part = parts.at(-1);
    if (part && bytes + size <= maxBytes) {
      part.push(event);
      bytes += size;
    } else {
      parts.push([event]);
      bytes = size;
    }
  }
  return parts;
}

function bytesOf({ kv, prevKv }: WireEvent): number {
  const bytes = (kv?.key.length ?? 0) + (kv?.value.length ?? 0) + overheadBytes;
  return prevKv ? bytes + prevKv.key.length + prevKv.value.length : bytes;
}
