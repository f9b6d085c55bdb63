import { createHash, type Hash } from "node:crypto";
import type { ImageHeader, ImagePart, StoreImage } from "../store/store-image.ts";
import { ArchiveError } from "./archive-error.ts";
import {
  backupMagic,
  type BackupSummary,
  type BackupTrailer,
  backupVersion,
  decodeHeader,
  decodeKeys,
  decodeLeases,
  decodeTrailer,
  frameKinds,
  maxFrameBytes,
} from "./backup-format.ts";
import { BlockReader } from "./block-reader.ts";

/**
 * Reads a backup, and checks it while it does: `parts` ends without an error only after the
 * trailer, the counts and the SHA-256 have turned out right. Whoever changes anything by it has to
 * take all of it in before that counts.
 *
 * @throws {ArchiveError} What is wrong with it, here or from `parts`.
 */
export async function openBackup(
  chunks: AsyncIterable<Uint8Array>,
): Promise<StoreImage & { readonly summary: () => BackupSummary | undefined }> {
  const reading = new BackupReading(new BlockReader(chunks));
  const header = await reading.header();
  return { header, parts: reading.parts(), summary: () => reading.summary };
}

/** Reads all of a backup, and tells what it holds. @throws {ArchiveError} What is wrong with it. */
export async function checkBackup(
  chunks: AsyncIterable<Uint8Array>,
  onProgress?: (keys: number, header: ImageHeader) => void,
): Promise<BackupSummary> {
  const { header, parts, summary } = await openBackup(chunks);
  let keys = 0;
  for await (const part of parts) {
    if (part.kind === "keys") onProgress?.((keys += part.kvs.length), header);
  }
  const found = summary();
  if (!found) throw new Error("A backup ended without its trailer");
  return found;
}

interface Frame {
  readonly kind: number;
  readonly at: number;
  readonly head: Buffer;
  readonly payload: Buffer;
}

class BackupReading {
  readonly #reader: BlockReader;
  readonly #hash: Hash = createHash("sha256");
  readonly #counts = { keys: 0, leases: 0, dataBytes: 0 };
  #header: ImageHeader | undefined;
  #lastKey: Buffer | undefined;
  summary: BackupSummary | undefined;

  constructor(reader: BlockReader) {
    this.#reader = reader;
  }

  async header(): Promise<ImageHeader> {
    await this.#readMagic();
    const frame = await this.#readFrame();
    const header = frame.kind === frameKinds.header ? decodeHeader(frame.payload) : undefined;
    if (!header) throw refuse(`there is no header at byte ${frame.at}`);
    this.#note(frame);
    this.#header = header;
    return header;
  }

  async *parts(): AsyncGenerator<ImagePart> {
    try {
      for (;;) {
        const frame = await this.#readFrame();
        if (frame.kind === frameKinds.trailer) return await this.#finish(frame);
        const part = this.#partOf(frame);
        this.#note(frame);
        yield part;
      }
    } finally {
      await this.#reader.close();
    }
  }

  async #readMagic(): Promise<void> {
    const wanted = `${backupMagic} ${backupVersion}\n`;
    const block = await this.#reader.read(wanted.length);
    const text = block.toString("latin1");
    if (text === wanted) {
      this.#hash.update(block);
      return;
    }
    if (block.length === 0) throw refuse("it is empty");
    const other = new RegExp(`^${backupMagic} (\\d+)`).exec(text);
    if (!other) throw refuse("it is no backup of cellplane");
    throw refuse(
      `its format is ${other[1]}, and this version knows only ${backupVersion}; use the version that wrote it, or a newer one`,
    );
  }

  async #readFrame(): Promise<Frame> {
    const at = this.#reader.position;
    const head = await this.#reader.read(5);
    if (head.length < 5) throw this.#truncated();
    const kind = head.readUInt8(0);
    const length = head.readUInt32BE(1);
    const isKnown = Object.values(frameKinds).some((known) => known === kind);
    if (!isKnown || length > maxFrameBytes) {
      throw refuse(`a part of it has changed: what stands at byte ${at} is no frame`);
    }
    const payload = await this.#reader.read(length);
    if (payload.length < length) throw this.#truncated();
    return { kind, at, head, payload };
  }

  #truncated(): ArchiveError {
    const { keys } = this.#counts;
    const of = this.#header ? `, after ${keys} of ${this.#header.keys} keys` : "";
    return refuse(`it is cut off: it ends at byte ${this.#reader.position}${of}`);
  }

  #partOf(frame: Frame): ImagePart {
    if (frame.kind === frameKinds.keys) {
      const kvs = decodeKeys(frame.payload);
      if (!kvs) throw refuse(`a part of it has changed: no keys can be read at byte ${frame.at}`);
      for (const { key, value } of kvs) {
        if (this.#lastKey && Buffer.compare(this.#lastKey, key) >= 0) {
          throw refuse(`a part of it has changed: keys are out of order at byte ${frame.at}`);
        }
        this.#lastKey = key;
        this.#counts.dataBytes += key.length + value.length;
      }
      this.#counts.keys += kvs.length;
      return { kind: "keys", kvs };
    }
    const leases = frame.kind === frameKinds.leases ? decodeLeases(frame.payload) : undefined;
    if (!leases)
      throw refuse(`a part of it has changed: no leases can be read at byte ${frame.at}`);
    this.#counts.leases += leases.length;
    return { kind: "leases", leases };
  }

  #note({ head, payload }: Frame): void {
    this.#hash.update(head);
    this.#hash.update(payload);
  }

  async #finish(frame: Frame): Promise<void> {
    const trailer = decodeTrailer(frame.payload);
    if (!trailer)
      throw refuse(`a part of it has changed: no trailer can be read at byte ${frame.at}`);
    const sha256 = this.#hash.digest("hex");
    this.#checkCounts(trailer);
    if (trailer.sha256 !== sha256) {
      throw refuse(
        `a part of it has changed: its SHA-256 is ${sha256}, and the trailer says ${trailer.sha256}`,
      );
    }
    const bytes = this.#reader.position;
    const beyond = await this.#reader.read(1);
    if (beyond.length > 0) throw refuse(`something follows its end at byte ${bytes}`);
    if (this.#header) this.summary = { header: this.#header, ...trailer, bytes };
  }

  #checkCounts(trailer: BackupTrailer): void {
    for (const name of ["keys", "leases", "dataBytes"] as const) {
      if (trailer[name] === this.#counts[name]) continue;
      throw refuse(
        `a part of it has changed: it has ${this.#counts[name]} ${name}, and the trailer says ${trailer[name]}`,
      );
    }
  }
}

function refuse(why: string): ArchiveError {
  return new ArchiveError(`Cannot read the backup as ${why}`);
}
