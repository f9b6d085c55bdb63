import { randomBytes } from "node:crypto";
import { createReadStream, type ReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { ServerError } from "../options/server-error.ts";
import { removeOnSignal } from "./remove-on-signal.ts";

/** Where a backup goes: a file, or `-` for the standard output. */
export interface BackupOutput {
  readonly file: string;
  readonly compression: "gzip" | "none";
}

/**
 * Writes a backup. A file is written under another name, made durable, and renamed at the end, so
 * that what has the name is whole; only its owner may read it.
 */
export async function writeBackupFile(
  blocks: AsyncIterable<Buffer>,
  { file, compression }: BackupOutput,
): Promise<void> {
  const source = Readable.from(blocks, { objectMode: false });
  const stages = compression === "gzip" ? [createGzip({ level: 4 })] : [];
  if (file === "-") {
    // The standard output stays open.
    return pipeline([source, ...stages, writeTo(process.stdout)]);
  }
  const partial = `${file}.${randomBytes(4).toString("hex")}.partial`;
  using _ = removeOnSignal(partial);
  const handle = await written(file, open(partial, "wx", 0o600));
  try {
    await pipeline([source, ...stages, writeToHandle(handle, file)]);
    await written(file, finish(handle, partial, file));
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(partial, { force: true });
    throw error;
  }
}

async function finish(handle: FileHandle, partial: string, file: string): Promise<void> {
  await handle.sync();
  await handle.close();
  await rename(partial, file);
  await syncDirectory(dirname(file));
}

/** @throws {ServerError} In place of what the system said, which knows of no backup. */
async function written<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw writeFailure(file, error);
  }
}

function writeFailure(file: string, error: unknown): ServerError {
  const why = error instanceof Error ? error.message : String(error);
  const where = file === "-" ? "the standard output" : `"${file}"`;
  return new ServerError(`Cannot write the backup to ${where}: ${why}`, { cause: error });
}

type Sink = (chunks: AsyncIterable<Buffer>) => Promise<void>;

function writeTo(stream: NodeJS.WriteStream): Sink {
  return async (chunks) => {
    const failing = Promise.withResolvers<never>();
    // Who reads may end before the backup does, and the disk behind it may be full.
    stream.on("error", failing.reject);
    failing.promise.catch(() => undefined);
    for await (const chunk of chunks) {
      const taken = new Promise<void>((resolve) => stream.write(chunk, () => resolve()));
      await written("-", Promise.race([taken, failing.promise]));
    }
  };
}

function writeToHandle(handle: FileHandle, file: string): Sink {
  return async (chunks) => {
    for await (const chunk of chunks) await written(file, handle.writeFile(chunk));
  };
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A backup that can be read several times. */
export interface BackupInput extends AsyncDisposable {
  /** Its bytes, decompressed. */
  readonly open: () => AsyncIterable<Buffer>;
  /** Where it is while this is open. */
  readonly path: string;
}

/** Opens a backup; one that comes from the standard input is kept in a temporary file meanwhile. */
export async function openBackupFile(file: string): Promise<BackupInput> {
  if (file === "-") return keepInput();
  const isGzip = await startsAsGzip(file);
  return {
    open: () => readBackup(file, isGzip),
    path: file,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function keepInput(): Promise<BackupInput> {
  // Named before it is made, so that no signal comes between.
  const folder = join(tmpdir(), `cellplane-restore-${randomBytes(6).toString("hex")}`);
  const kept = removeOnSignal(folder);
  const remove = async (): Promise<void> => {
    await rm(folder, { recursive: true, force: true });
    kept[Symbol.dispose]();
  };
  try {
    await mkdir(folder, { mode: 0o700 });
    const path = join(folder, "backup");
    const handle = await open(path, "wx", 0o600);
    await pipeline([process.stdin, writeToHandle(handle, path)]);
    await handle.close();
    const isGzip = await startsAsGzip(path);
    return { open: () => readBackup(path, isGzip), path, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function startsAsGzip(file: string): Promise<boolean> {
  try {
    const handle = await open(file, "r");
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
      return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
    } finally {
      await handle.close();
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ServerError(`Cannot read the backup: ${why}`, { cause: error });
  }
}

async function* readBackup(file: string, isGzip: boolean): AsyncGenerator<Buffer> {
  const source: ReadStream = createReadStream(file, { highWaterMark: 1024 * 1024 });
  if (!isGzip) return yield* source;
  const gunzip = createGunzip();
  const piping = pipeline(source, gunzip);
  piping.catch(() => undefined);
  try {
    yield* gunzip;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ServerError(`Cannot read the backup as its compression is damaged: ${why}`, {
      cause: error,
    });
  }
}
