import type { Duplex } from "node:stream";

/** What a dial is for. */
export interface LinkDial {
  /** `host:port` as the agent should dial it. */
  readonly address: string;
  /** Told the number of the dial, by which both sides know it. */
  readonly onNumber?: (random: bigint) => void;
  /** Aborts with a `DialError` where nobody waits any more. */
  readonly signal: AbortSignal;
}

/** What a link has carried and carries. */
export interface LinkCounts {
  readonly pendingDials: number;
  readonly connections: number;
  /** Bytes from clients to targets, and back. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Bytes that the agent does not take yet. */
  readonly unsentBytes: number;
}

/** One stream of one agent: a way into its cluster. */
export interface AgentLink {
  readonly cluster: string;
  readonly agentId: string;
  /** Who the agent is by its credential. */
  readonly identity: string;
  readonly address: string;
  /** From the agent's `user-agent`. */
  readonly agentVersion: string;
  readonly connectedAtMs: number;
  /** It takes dials only where nobody else can. */
  readonly isDraining: boolean;
  readonly isOpen: boolean;
  readonly counts: LinkCounts;
  /**
   * Connects through the agent.
   * @throws {DialError} `Failed`, `AgentLost`, or the signal's reason.
   */
  dial(dial: LinkDial): Promise<Duplex>;
  /** Ends the whole session, and with it all connections. */
  destroy(why: string): void;
}
