import { parentPort, workerData } from "node:worker_threads";
import { SqliteWriter, type WriterOptions } from "./sqlite-writer.ts";
import type { WriterReply, WriterRequest } from "./writer-protocol.ts";

/** After so long without a write the write-ahead log is moved into the database. */
const idleMs = 2000;

if (parentPort) runWriter(parentPort, workerData as WriterOptions);

function runWriter(port: NonNullable<typeof parentPort>, options: WriterOptions): void {
  const reply = (message: WriterReply, transfer: readonly ArrayBuffer[] = []): void =>
    port.postMessage(message, [...transfer]);
  const writer = open(options, reply);
  if (!writer) return port.close();
  const idle = setTimeout(() => tryCheckpoint(writer), idleMs);
  port.on("message", (request: WriterRequest) => {
    switch (request.kind) {
      case "append": {
        const { frame, token } = request;
        reply({ kind: "outcome", outcome: writer.append(frame, token), frame }, [frame]);
        break;
      }
      case "raise-compacted":
        reply({ kind: "outcome", outcome: writer.raiseCompacted(request.revision) });
        break;
      case "put-lease":
        reply({ kind: "outcome", outcome: writer.putLease(request.lease) });
        break;
      case "remove-lease":
        reply({ kind: "outcome", outcome: writer.removeLease(request.id) });
        break;
      case "compact-step":
        reply({ kind: "outcome", outcome: writer.compactStep() });
        break;
      case "close":
        clearTimeout(idle);
        writer.close();
        reply({ kind: "closed" });
        return port.close();
    }
    idle.refresh();
  });
}

function open(
  options: WriterOptions,
  reply: (message: WriterReply) => void,
): SqliteWriter | undefined {
  try {
    const writer = new SqliteWriter(options);
    reply({ kind: "opened", meta: writer.meta, sizeBytes: writer.sizeBytes });
    return writer;
  } catch (error) {
    reply({ kind: "refused", message: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

function tryCheckpoint(writer: SqliteWriter): void {
  try {
    writer.checkpoint();
  } catch {
    // A full or failing disk is told to the next write; the write-ahead log stays as it is.
  }
}
