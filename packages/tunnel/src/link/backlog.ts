import type { StockConnection } from "./stock-connection.ts";

/** How much may wait for readers that are slower than their agent sends. */
export interface BacklogLimits {
  /** Of one connection, before its whole agent is held back for as long as the reader goes on. */
  readonly softBytes: number;
  /** Of one connection, before it is cut. */
  readonly hardBytes: number;
  /** Of all connections of one agent, before the largest is cut. */
  readonly totalBytes: number;
  /** How long a reader may take nothing while more than the soft limit waits, in milliseconds. */
  readonly graceMs: number;
}

/** What is allowed unless told otherwise. */
export const defaultBacklogLimits: BacklogLimits = {
  softBytes: 4 * 1024 * 1024,
  hardBytes: 64 * 1024 * 1024,
  totalBytes: 256 * 1024 * 1024,
  graceMs: 10_000,
};

/** A reader that took nothing for this long does not hold back the others. */
const stalledAfterMs = 100;

/** What to do about the readers of one agent. */
export interface BacklogVerdict {
  /** Whether the agent should be held back for now. */
  readonly hold: boolean;
  readonly cut: readonly { readonly connection: StockConnection; readonly why: string }[];
}

/**
 * Decides about the connections that have something waiting. The agent's one stream has no flow
 * control for each of them: a slow reader that goes on may slow down its neighbours, one that
 * stands still never does, and is cut in the end.
 */
export function judgeBacklog(
  connections: Iterable<StockConnection>,
  nowMs: number,
  limits: BacklogLimits,
): BacklogVerdict {
  let hold = false;
  let total = 0;
  let largest: StockConnection | undefined;
  const cut: { connection: StockConnection; why: string }[] = [];
  for (const connection of connections) {
    const waiting = connection.readableLength;
    total += waiting;
    if (waiting > (largest?.readableLength ?? 0)) largest = connection;
    if (waiting <= limits.softBytes) continue;
    const idleMs = nowMs - connection.progressedAtMs;
    if (waiting > limits.hardBytes) {
      cut.push({ connection, why: `${waiting} bytes wait for a reader that is too slow` });
    } else if (idleMs > limits.graceMs) {
      cut.push({ connection, why: `its reader took nothing for ${Math.round(idleMs / 1000)} s` });
    } else if (idleMs <= stalledAfterMs) hold = true;
  }
  if (total > limits.totalBytes && largest && cut.length === 0) {
    cut.push({ connection: largest, why: `${total} bytes wait for the readers of its agent` });
  }
  return { hold, cut };
}
