import { randomBytes } from "node:crypto";
import { createReadStream, type ReadStream } from "node:fs";
import { type FileHandle, mkdtemp, open, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { ServerError } from "../options/server-error.ts";

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
  const handle = await open(partial, "wx", 0o600);
  try {
    await pipeline([source, ...stages, writeToHandle(handle)]);
    await handle.sync();
    await handle.close();
    await rename(partial, file);
    await syncDirectory(dirname(file));
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(partial, { force: true });
    throw error;
  }
}

type Sink = (chunks: AsyncIterable<Buffer>) => Promise<void>;

function writeTo(stream: NodeJS.WriteStream): Sink {
  return async (chunks) => {
    for await (const chunk of chunks) {
      if (!stream.write(chunk)) await new Promise((resolve) => stream.once("drain", resolve));
    }
  };
}

function writeToHandle(handle: FileHandle): Sink {
  return async (chunks) => {
    for await (const chunk of chunks) await handle.writeFile(chunk);
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
  readonly open: () => AsyncIterable<Buffer>;
}

/** Opens a backup; one that comes from the standard input is kept in a temporary file meanwhile. */
export async function openBackupFile(file: string): Promise<BackupInput> {
  if (file === "-") return keepInput();
  const isGzip = await startsAsGzip(file);
  return {
    open: () => readBackup(file, isGzip),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function keepInput(): Promise<BackupInput> {
  const folder = await mkdtemp(join(tmpdir(), "cellplane-restore-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const path = join(folder, "backup");
    const handle = await open(path, "wx", 0o600);
    await pipeline([process.stdin, writeToHandle(handle)]);
    await handle.close();
    const isGzip = await startsAsGzip(path);
    return { open: () => readBackup(path, isGzip), [Symbol.asyncDispose]: remove };
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
