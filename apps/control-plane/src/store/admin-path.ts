import { closeSync, openSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { adminSocketName } from "./admin-wire.ts";

/** Longer paths of sockets are refused by the system. */
const maxPathBytes = 100;

/** The path of a data directory's socket, as it can be bound and connected to; dispose of it afterwards. */
export interface SocketPath extends Disposable {
  readonly path: string;
}

/** Where a data directory has its socket; a path that is too long goes by way of an open directory. */
export function adminSocketPath(dataDir: string): SocketPath {
  const path = resolve(join(dataDir, adminSocketName));
  if (Buffer.byteLength(path) <= maxPathBytes || process.platform !== "linux") {
    return { path, [Symbol.dispose]: () => undefined };
  }
  const directory = openSync(dirname(path), "r");
  return {
    path: `/proc/self/fd/${directory}/${adminSocketName}`,
    [Symbol.dispose]: () => closeSync(directory),
  };
}
