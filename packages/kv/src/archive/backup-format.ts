import type { KeyValue, Lease } from "../store/mvcc-store.ts";
import type { ImageHeader } from "../store/store-image.ts";

/**
 * A backup: the line `cellplane-backup 1`, then frames of a kind (one byte), a length (four bytes,
 * big-endian) and as many bytes: a header (JSON), pages of keys, leases (JSON), and a trailer (JSON)
 * with counts and the SHA-256 of every byte before the trailer's frame.
 */
export const backupVersion = 1;

/** The first word of a backup. */
export const backupMagic = "cellplane-backup";

/** Kinds of frames, by their byte. */
export const frameKinds = { header: 0x48, keys: 0x4b, leases: 0x4c, trailer: 0x54 } as const;

/** A longer frame is none of ours: a value has 3 MiB at most, a page of keys little more. */
export const maxFrameBytes: number = 256 * 1024 * 1024;

/** What the last frame says. */
export interface BackupTrailer {
  readonly keys: number;
  readonly leases: number;
  /** Bytes of keys and values. */
  readonly dataBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** What a backup holds. */
export interface BackupSummary extends Omit<BackupTrailer, "sha256"> {
  readonly header: ImageHeader;
  readonly sha256: string;
  /** Bytes of the file, before compression. */
  readonly bytes: number;
}

const headBytes = 5;

/** One frame. */
export function encodeFrame(kind: number, payload: readonly Buffer[]): Buffer {
  const length = payload.reduce((sum, part) => sum + part.length, 0);
  const head = Buffer.alloc(headBytes);
  head[0] = kind;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, ...payload], headBytes + length);
}

/** A frame of JSON. */
export function encodeJsonFrame(kind: number, value: object): Buffer {
  return encodeFrame(kind, [Buffer.from(JSON.stringify(value))]);
}

/** Length of key and of value, then create and mod revision, version and lease as doubles. */
const kvHeadBytes = 2 + 4 + 4 * 8;

/** A page of keys. */
export function encodeKeys(kvs: readonly KeyValue[]): Buffer {
  return encodeFrame(
    frameKinds.keys,
    kvs.flatMap((kv) => {
      const head = Buffer.alloc(kvHeadBytes);
      head.writeUInt16BE(kv.key.length, 0);
      head.writeUInt32BE(kv.value.length, 2);
      head.writeDoubleBE(kv.createRevision, 6);
      head.writeDoubleBE(kv.modRevision, 14);
      head.writeDoubleBE(kv.version, 22);
      head.writeDoubleBE(kv.lease, 30);
      return [head, kv.key, kv.value];
    }),
  );
}

/** The keys of a page; absent where the page contradicts itself. */
export function decodeKeys(payload: Buffer): readonly KeyValue[] | undefined {
  const kvs: KeyValue[] = [];
  for (let at = 0; at < payload.length;) {
    const data = at + kvHeadBytes;
    if (data > payload.length) return undefined;
    const valueAt = data + payload.readUInt16BE(at);
    const end = valueAt + payload.readUInt32BE(at + 2);
    if (end > payload.length) return undefined;
    const kv = {
      key: payload.subarray(data, valueAt),
      value: payload.subarray(valueAt, end),
      createRevision: payload.readDoubleBE(at + 6),
      modRevision: payload.readDoubleBE(at + 14),
      version: payload.readDoubleBE(at + 22),
      lease: payload.readDoubleBE(at + 30),
    };
    if (!isSound(kv)) return undefined;
    kvs.push(kv);
    at = end;
  }
  return kvs;
}

function isSound({ key, createRevision, modRevision, version, lease }: KeyValue): boolean {
  const numbers = [createRevision, modRevision, version, lease];
  return key.length > 0 && numbers.every((n) => Number.isSafeInteger(n) && n >= 0);
}

/** The leases of a frame; absent where it contradicts itself. */
export function decodeLeases(payload: Buffer): readonly Lease[] | undefined {
  const leases = parseJson(payload);
  if (!Array.isArray(leases)) return undefined;
  const isLease = (lease: unknown): lease is Lease =>
    typeof lease === "object" &&
    lease !== null &&
    hasNumbers(lease as Readonly<Record<string, unknown>>, ["id", "ttlSeconds"]);
  return leases.every(isLease) ? leases : undefined;
}

/** The header of a frame; absent where it is none. */
export function decodeHeader(payload: Buffer): ImageHeader | undefined {
  const header = parseJson(payload) as Readonly<Record<string, unknown>> | undefined;
  if (typeof header !== "object" || header === null) return undefined;
  const isSound =
    hasNumbers(header, ["epoch", "revision", "schema", "keys", "takenAtMs"]) &&
    typeof header["driver"] === "string" &&
    /^([0-9a-f]{16})?$/.test(String(header["clusterId"]));
  return isSound ? (header as unknown as ImageHeader) : undefined;
}

/** The trailer of a frame; absent where it is none. */
export function decodeTrailer(payload: Buffer): BackupTrailer | undefined {
  const trailer = parseJson(payload) as Readonly<Record<string, unknown>> | undefined;
  if (typeof trailer !== "object" || trailer === null) return undefined;
  const isSound =
    hasNumbers(trailer, ["keys", "leases", "dataBytes"]) && typeof trailer["sha256"] === "string";
  return isSound ? (trailer as unknown as BackupTrailer) : undefined;
}

function hasNumbers(value: Readonly<Record<string, unknown>>, names: readonly string[]): boolean {
  return names.every((name) => Number.isSafeInteger(value[name]) && Number(value[name]) >= 0);
}

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString("utf8"));
  } catch {
    return undefined;
  }
}
