import { createHash, randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { resolve } from "node:path";

/**
 * The candidate that owns a data directory: the same after a crash, so that it need not wait for
 * its own lease, and another than that of any other directory.
 */
export function identityOfDataDir(dataDir: string): string {
  const digest = createHash("sha256").update(resolve(dataDir)).digest("hex").slice(0, 12);
  return `${hostname()}_${digest}`;
}

/** A candidate that lives as long as its process, as client-go names them. */
export function identityOfProcess(): string {
  return `${hostname()}_${randomUUID()}`;
}
