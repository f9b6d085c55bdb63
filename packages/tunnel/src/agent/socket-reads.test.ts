import { equal, ok } from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { describe, it } from "node:test";
import { BufferPool } from "./buffer-pool.ts";
import { SocketReads } from "./socket-reads.ts";

const sent = randomBytes(4 * 1024 * 1024);
const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Counts the buffers that are made. */
class CountedPool extends BufferPool {
  readonly made = new Set<Uint8Array>();

  override take(): Uint8Array {
    const buffer = super.take();
    this.made.add(buffer);
    return buffer;
  }
}

async function readAll(takesMs: number): Promise<{ got: Buffer; pool: CountedPool }> {
  const server = createServer((socket) => {
    socket.write("small");
    socket.end(sent);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const pool = new CountedPool();
  const reads = new SocketReads(pool);
  const socket = connect({ host: "127.0.0.1", port, onread: reads.options });
  socket.pause();
  await once(socket, "connect");
  const copies: Buffer[] = [];
  reads.start(socket, (bytes, done) => {
    // Looked at only when it is done: a buffer that was used again by then would show.
    const finish = (): void => {
      copies.push(Buffer.from(bytes));
      done();
      socket.resume();
    };
    if (takesMs === 0) setImmediate(finish);
    else setTimeout(finish, takesMs);
    return false;
  });
  await once(socket, "end");
  server.close();
  return { got: Buffer.concat(copies), pool };
}

describe("SocketReads", () => {
  for (const takesMs of [0, 1]) {
    it(`gives all bytes in order to one that takes ${takesMs} ms for each read`, async () => {
      const { got, pool } = await readAll(takesMs);
      equal(got.toString("latin1", 0, 5), "small");
      equal(hashOf(got.subarray(5)), hashOf(sent));
      ok(pool.made.size <= 2, `${pool.made.size} buffers were made`);
    });
  }
});
