import type { LogChange } from "../../store/revision-log.ts";

/**
 * A batch of changes as one block of memory that is transferred to the writer's thread: a count,
 * then ten doubles per change, then keys and values. One copy of each value, no clone of objects.
 */
export type ChangeFrame = ArrayBuffer;

/** A change as the writer binds it to its statements. */
export interface FramedChange {
  readonly isDelete: boolean;
  readonly revision: number;
  readonly sub: number;
  readonly createRevision: number;
  readonly version: number;
  readonly lease: number;
  readonly previousRevision: number;
  readonly previousSub: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

const numbersPerChange = 10;
const bytesPerNumber = 8;

/** Packs changes; `reuse` is taken where it is large enough. */
export function encodeChanges(changes: readonly LogChange[], reuse?: ArrayBuffer): ChangeFrame {
  const head = (1 + changes.length * numbersPerChange) * bytesPerNumber;
  let size = head;
  for (const change of changes) size += change.key.length + (change.value?.length ?? 0);
  const frame = reuse && reuse.byteLength >= size ? reuse : new ArrayBuffer(roundUp(size));
  const numbers = new Float64Array(frame, 0, head / bytesPerNumber);
  const bytes = Buffer.from(frame);
  numbers[0] = changes.length;
  let at = head;
  for (const [i, change] of changes.entries()) {
    const { value } = change;
    writeNumbers(numbers, 1 + i * numbersPerChange, change);
    at += bytes.write(change.key, at, "latin1");
    if (value) at += value.copy(bytes, at);
  }
  return frame;
}

/** Powers of two, so that the next batch finds the block large enough. */
function roundUp(size: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(size, 65_536)));
}

function writeNumbers(numbers: Float64Array, at: number, change: LogChange): void {
  numbers[at] = change.kind === "delete" ? 1 : 0;
  numbers[at + 1] = change.revision;
  numbers[at + 2] = change.sub;
  numbers[at + 3] = change.createRevision;
  numbers[at + 4] = change.version;
  numbers[at + 5] = change.lease;
  numbers[at + 6] = change.previousRevision;
  numbers[at + 7] = change.previousSub;
  numbers[at + 8] = change.key.length;
  numbers[at + 9] = change.value?.length ?? 0;
}

/** Unpacks changes one by one; keys and values are views of the frame. */
export function* decodeChanges(frame: ChangeFrame): Generator<FramedChange> {
  const count = new Float64Array(frame, 0, 1)[0] ?? 0;
  const numbers = new Float64Array(frame, 0, 1 + count * numbersPerChange);
  let offset = numbers.byteLength;
  for (let i = 0; i < count; i++) {
    const at = (field: number): number => numbers[1 + i * numbersPerChange + field] ?? 0;
    const key = new Uint8Array(frame, offset, at(8));
    const value = new Uint8Array(frame, offset + at(8), at(9));
    offset += at(8) + at(9);
    yield {
      isDelete: at(0) === 1,
      revision: at(1),
      sub: at(2),
      createRevision: at(3),
      version: at(4),
      lease: at(5),
      previousRevision: at(6),
      previousSub: at(7),
      key,
      value,
    };
  }
}
