import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Writes a file so that after a crash there is the old content or the new, never a part: a
 * neighbour is written and synced, then renamed over it. `mode` is set before the first byte.
 */
export async function writeFileAtomically(
  file: string,
  content: string,
  mode: number,
): Promise<void> {
  const neighbour = `${file}.new`;
  await rm(neighbour, { force: true });
  const handle = await open(neighbour, "wx", mode);
  try {
    // Independent of the umask.
    await handle.chmod(mode);
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(neighbour, file);
  await syncFolder(dirname(file));
}

/** The content of a file, or `undefined` where there is none. */
export async function readFileIfAny(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
