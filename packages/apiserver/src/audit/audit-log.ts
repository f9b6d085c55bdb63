import { open } from "node:fs/promises";
import type { Logger } from "../request/logger.ts";
import { renderAuditEvent } from "./audit-event.ts";
import type { AuditRecord, AuditSink, AuditStage } from "./audit-sink.ts";

/** Lines that may wait for a slow disk; later ones are dropped and counted in the server's log. */
const maxWaitingBytes = 64 * 1024 * 1024;

/** How the audit log is written. */
export interface AuditLogOptions {
  /** Stages that are not logged. */
  readonly omitStages?: readonly AuditStage[];
  readonly logger: Logger;
}

/** Where lines go: a file, the standard output, a test's list. */
export interface AuditOutput extends AsyncDisposable {
  write(text: string): Promise<void>;
}

/**
 * Opens the audit log: JSON lines appended to a file (mode 0600), or to the standard output for
 * `-`. @throws {Error} If the file cannot be opened.
 */
export async function openAuditLog(path: string, options: AuditLogOptions): Promise<AuditSink> {
  return createAuditLog(path === "-" ? standardOutput() : await openFile(path), options);
}

/**
 * Events in the order of their stages, in batches: while one is being written the next gathers. A
 * request never waits, and an event that finds too much waiting is dropped.
 */
export function createAuditLog(output: AuditOutput, options: AuditLogOptions): AuditSink {
  const omitted = new Set(options.omitStages);
  let waiting: string[] = [];
  let waitingBytes = 0;
  let dropped = 0;
  let writing: Promise<void> | undefined;
  const drain = async (): Promise<void> => {
    // Events of the same turn of the loop share a write.
    await new Promise(setImmediate);
    while (waiting.length > 0) {
      const batch = waiting.join("");
      waiting = [];
      waitingBytes = 0;
      await writeBatch(batch);
    }
    writing = undefined;
  };
  const writeBatch = async (batch: string): Promise<void> => {
    try {
      await output.write(batch);
    } catch (error) {
      options.logger.error({ err: error }, "Cannot write the audit log");
    }
    if (dropped === 0) return;
    options.logger.error({ events: dropped }, "Dropped audit events that waited for a slow disk");
    dropped = 0;
  };
  return {
    record: (record: AuditRecord) => {
      if (omitted.has(record.stage)) return;
      if (waitingBytes > maxWaitingBytes) {
        dropped++;
        return;
      }
      const line = `${renderAuditEvent(record)}\n`;
      waiting.push(line);
      waitingBytes += line.length;
      writing ??= drain();
    },
    [Symbol.asyncDispose]: async () => {
      await writing;
      await output[Symbol.asyncDispose]();
    },
  };
}

async function openFile(path: string): Promise<AuditOutput> {
  const handle = await open(path, "a", 0o600);
  return {
    write: (text) => handle.appendFile(text),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

function standardOutput(): AuditOutput {
  return {
    write: (text) =>
      new Promise((resolve, reject) => {
        process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
      }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
