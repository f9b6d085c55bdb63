import { accessSync, constants } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";

/** The path of a real server's program. @throws {Error} If it is not installed. */
export function findPeer(name: string): string {
  const folder = process.env["CELLPLANE_PEERS"] ?? join(homedir(), ".cache", "cellplane-peers");
  const file = join(folder, "bin", name);
  try {
    accessSync(file, constants.X_OK);
  } catch (error) {
    throw new Error(`Cannot test as there is no "${file}"; set CELLPLANE_PEERS`, { cause: error });
  }
  return file;
}

/** Ports that are free just now, for programs that cannot choose one themselves. */
export async function findFreePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
