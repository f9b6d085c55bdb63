import { type WireKeyValue, wireKeyValue } from "@cellplane/etcd-api";
import {
  field,
  int64,
  messageType,
  type MessageType,
  wideInt64,
  WireWriter,
} from "@cellplane/grpc";
import type { LogPlace } from "./log-place.ts";
import type { SnapshotLease } from "./snapshot-leases.ts";

/** `leasepb.Lease`, as etcd keeps a lease. */
export interface LeaseRecord {
  readonly id: number | bigint;
  readonly ttl: number;
  readonly remainingTtl: number;
}

/** Its type. */
export const leaseRecord: MessageType<LeaseRecord> = messageType<LeaseRecord>({
  id: field(1, wideInt64),
  ttl: field(2, int64),
  remainingTtl: field(3, int64),
});

const tombstoneMark = "t".charCodeAt(0);
const separator = "_".charCodeAt(0);

/** Bytes of a key of etcd's log. */
export const placeBytes = 17;

/** The key of a change in etcd's log. */
export function encodePlace(place: LogPlace, kind: "put" | "delete" = "put"): Buffer {
  const isDelete = kind === "delete";
  const key = Buffer.allocUnsafe(isDelete ? placeBytes + 1 : placeBytes);
  writeNumber(key, place.revision, 0);
  key[8] = separator;
  writeNumber(key, place.sub, 9);
  if (isDelete) key[placeBytes] = tombstoneMark;
  return key;
}

/** Eight bytes, big-endian. */
export function encodeNumber(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  writeNumber(bytes, value, 0);
  return bytes;
}

/** The value of a change in etcd's log. */
export function encodeKeyValue(kv: WireKeyValue): Buffer {
  const writer = new WireWriter();
  wireKeyValue.encode(kv, writer);
  return writer.take();
}

/** A lease in etcd's database. */
export function encodeLease({ id, ttlSeconds }: SnapshotLease): Buffer {
  const writer = new WireWriter();
  leaseRecord.encode({ id, ttl: ttlSeconds, remainingTtl: 0 }, writer);
  return writer.take();
}

function writeNumber(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  bytes.writeUInt32BE(value % 2 ** 32, at + 4);
}
