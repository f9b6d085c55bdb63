import type { Duplex } from "node:stream";

/** What became of one connection, for the log. Both sides tell of it under the same id. */
export interface ConnectionRecord {
  /** The number of its dial, in decimal: what the apiserver-network-proxy logs as `dialID`. */
  readonly id: string;
  readonly cluster: string;
  readonly agentId: string;
  /** `host:port`. */
  readonly target: string;
  /** Why it ended, or was not made. */
  readonly why: string;
  /** To the target, and from it. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Whole milliseconds. */
  readonly durationMs: number;
}

/** Notes which side of a stream ends first, or what breaks it off; asked when it has closed. */
export function noteEnd(
  stream: Duplex,
  sides: { readonly other: string; readonly own: string },
): () => string {
  let why: string | undefined;
  stream.once("end", () => {
    why ??= `ended by the ${sides.other}`;
  });
  stream.once("finish", () => {
    why ??= `ended by the ${sides.own}`;
  });
  stream.on("error", (error) => {
    why = error.message;
  });
  return () => why ?? "broken off";
}

/** Counts what goes through a stream from now on. Dear enough to do it only where somebody wants to know. */
export function meterStream(stream: Duplex): {
  readonly sentBytes: number;
  readonly receivedBytes: number;
} {
  const counts = { sentBytes: 0, receivedBytes: 0 };
  const write = stream.write.bind(stream) as (...given: readonly unknown[]) => boolean;
  const end = stream.end.bind(stream) as (...given: readonly unknown[]) => unknown;
  const push = stream.push.bind(stream);
  Object.assign(stream, {
    write: (chunk: { readonly length: number }, ...rest: readonly unknown[]): boolean => {
      counts.sentBytes += chunk.length;
      return write(chunk, ...rest);
    },
    end: (chunk?: unknown, ...rest: readonly unknown[]): unknown => {
      if (typeof chunk === "string" || chunk instanceof Uint8Array) {
        counts.sentBytes += chunk.length;
      }
      return end(chunk, ...rest);
    },
    push: (chunk: Uint8Array | null, encoding?: BufferEncoding): boolean => {
      counts.receivedBytes += chunk?.length ?? 0;
      return push(chunk, encoding);
    },
  });
  return counts;
}
