import type { Socket } from "node:net";
import { type ConnectionRecord, noteEnd } from "../link/connection-record.ts";
import type { AgentMetrics } from "./agent-metrics.ts";

/** A connection that a server asked for. */
export interface AgentDial {
  readonly random: bigint;
  readonly target: string;
  /** By `performance.now()`. */
  readonly startedMs: number;
}

/** Told once of each connection: when it has ended, or could not be made. */
export type ConnectionListener = (record: ConnectionRecord) => void;

/** Counts an agent's connections, and tells of each. */
export class ConnectionObserver {
  readonly #of: { readonly cluster: string; readonly agentId: string };
  readonly #metrics: AgentMetrics;
  readonly #listener: ConnectionListener | undefined;
  readonly #open = new Set<Socket>();

  constructor(
    { cluster, agentId }: { readonly cluster: string; readonly agentId: string },
    metrics: AgentMetrics,
    listener: ConnectionListener | undefined,
  ) {
    this.#of = { cluster, agentId };
    this.#metrics = metrics;
    this.#listener = listener;
  }

  /** The agent has connected: follows the socket to its end. */
  connected(socket: Socket, dial: AgentDial): void {
    this.#metrics.dials.observe({}, (performance.now() - dial.startedMs) / 1000);
    const beganMs = performance.now();
    this.#open.add(socket);
    const whyOf = noteEnd(socket, { other: "target", own: "control plane" });
    socket.once("close", () => {
      this.#open.delete(socket);
      const { bytesWritten: sentBytes, bytesRead: receivedBytes } = socket;
      this.#metrics.bytes.add({ segment: "to_endpoint" }, sentBytes);
      this.#metrics.bytes.add({ segment: "from_endpoint" }, receivedBytes);
      const durationMs = Math.round(performance.now() - beganMs);
      this.#tell(dial, { why: whyOf(), sentBytes, receivedBytes, durationMs });
    });
  }

  /** Breaks off what is left of all connections, and has told of them when it resolves. */
  async close(): Promise<void> {
    const closing = [...this.#open].map((socket) => {
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.destroy();
      return closed;
    });
    await Promise.all(closing);
  }

  /** The agent could not connect. */
  failed(dial: AgentDial, why: string): void {
    this.#metrics.dialFailures.add({ reason: /timeout/.test(why) ? "timeout" : "unknown" });
    const durationMs = Math.round(performance.now() - dial.startedMs);
    this.#tell(dial, { why, sentBytes: 0, receivedBytes: 0, durationMs });
  }

  #tell(
    { random, target }: AgentDial,
    counts: Pick<ConnectionRecord, "why" | "sentBytes" | "receivedBytes" | "durationMs">,
  ): void {
    this.#listener?.({ ...this.#of, id: String(random), target, ...counts });
  }
}
