import { chmodSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import {
  checkBackup,
  type MvccStore,
  openBackup,
  type RestoreOptions,
  type RestoreOutcome,
  type StoreDescription,
  type StoreImage,
} from "@cellplane/kv";
import { createReadStream, createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { adminSocketPath } from "./admin-path.ts";
import { type AdminMessage, decodeMessages, encodeMessage, wireErrorOf } from "./admin-wire.ts";
import { callStore, type StoreCall } from "./call-store.ts";
import { streamWatch } from "./stream-watch.ts";

/** What is served to `cellplane store`. */
export interface ServedStore {
  readonly store: MvccStore;
  readonly describe: () => Promise<StoreDescription>;
  /** Where the store is this process's own: puts an image in its place. */
  readonly restore?: (image: StoreImage, options: RestoreOptions) => Promise<RestoreOutcome>;
}

/**
 * Serves a store to the commands of this machine's user, at `DATA_DIR/admin.sock`. The caller holds
 * the data directory's lock, so a socket that is there is left over.
 */
export async function openAdminServer(
  dataDir: string,
  served: ServedStore,
): Promise<AsyncDisposable> {
  const server = createServer((request, response) => void answer(request, response));
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      await route({ request, response, dataDir, served });
    } catch (error) {
      if (!response.headersSent) response.writeHead(500);
      tell(response, { kind: "error", error: wireErrorOf(error) });
    } finally {
      response.end();
    }
  };
  // A restore of a large backup takes its time.
  server.requestTimeout = 0;
  using where = adminSocketPath(dataDir);
  rmSync(where.path, { force: true });
  await listen(server, where.path);
  return {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The socket is made under a mask, so that there is no moment in which others may use it. */
async function listen(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  const mask = process.umask(0o177);
  try {
    server.listen(path, resolve);
  } finally {
    process.umask(mask);
  }
  await promise;
  chmodSync(path, 0o600);
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly dataDir: string;
  readonly served: ServedStore;
}

async function route(exchange: Exchange): Promise<void> {
  const { request, response, served } = exchange;
  const url = new URL(request.url ?? "/", "http://admin");
  switch (url.pathname) {
    case "/v1/describe":
      return void tell(response, { kind: "result", value: await served.describe() });
    case "/v1/call":
      for await (const call of decodeMessages(request)) {
        const value = await callStore(served.store, call as StoreCall);
        tell(response, { kind: "result", value });
      }
      return;
    case "/v1/watch":
      return streamWatch(served.store, Number(url.searchParams.get("start")), response);
    case "/v1/restore":
      return restore(exchange, url.searchParams.get("force") === "true");
    default:
      response.writeHead(404);
  }
}

/** Takes the whole backup in and checks it before the store is touched. */
async function restore(
  { request, response, dataDir, served }: Exchange,
  force: boolean,
): Promise<void> {
  if (!served.restore) {
    throw new Error(
      "Cannot restore through this server as its store is a database that others may use; stop it, and give --datastore",
    );
  }
  const path = join(dataDir, "restore.tmp");
  try {
    await pipeline(request, createWriteStream(path, { mode: 0o600 }));
    await checkBackup(createReadStream(path));
    let toldMs = 0;
    const outcome = await served.restore(await openBackup(createReadStream(path)), {
      whenNotEmpty: force ? "replace" : "refuse",
      onProgress: (keys) => {
        const nowMs = performance.now();
        if (nowMs < toldMs + 200) return;
        toldMs = nowMs;
        tell(response, { kind: "progress", keys });
      },
    });
    tell(response, { kind: "result", value: outcome });
  } finally {
    rmSync(path, { force: true });
  }
}

function tell(response: ServerResponse, message: AdminMessage): boolean {
  return response.write(encodeMessage(message));
}
