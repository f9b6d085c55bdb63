import { createHash } from "node:crypto";
import type { StoreImage } from "../store/store-image.ts";
import {
  backupMagic,
  type BackupSummary,
  backupVersion,
  encodeFrame,
  encodeJsonFrame,
  encodeKeys,
  frameKinds,
} from "./backup-format.ts";

/** The bytes of a backup; what the generator returns is what it held. */
export async function* encodeBackup(image: StoreImage): AsyncGenerator<Buffer, BackupSummary> {
  const hash = createHash("sha256");
  const counts = { keys: 0, leases: 0, dataBytes: 0 };
  let bytes = 0;
  const note = (block: Buffer): Buffer => {
    hash.update(block);
    bytes += block.length;
    return block;
  };
  yield note(Buffer.from(`${backupMagic} ${backupVersion}\n`));
  yield note(encodeJsonFrame(frameKinds.header, image.header));
  for await (const part of image.parts) {
    if (part.kind === "keys") {
      counts.keys += part.kvs.length;
      for (const { key, value } of part.kvs) counts.dataBytes += key.length + value.length;
      yield note(encodeKeys(part.kvs));
    } else {
      counts.leases += part.leases.length;
      yield note(encodeFrame(frameKinds.leases, [Buffer.from(JSON.stringify(part.leases))]));
    }
  }
  const trailer = { ...counts, sha256: hash.digest("hex") };
  const last = encodeJsonFrame(frameKinds.trailer, trailer);
  yield last;
  return { header: image.header, ...trailer, bytes: bytes + last.length };
}
