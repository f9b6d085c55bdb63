/** Why a connection could not be made. */
export type DialReason =
  /** The client named no cluster. */
  | "NoCluster"
  /** There is no cluster of that name. */
  | "UnknownCluster"
  /** No agent of the cluster is connected. */
  | "NoAgent"
  /** The address is not one that may be reached there. */
  | "AddressDenied"
  /** The client may not reach the cluster. */
  | "Denied"
  /** The agent could not connect. */
  | "Failed"
  /** The agent got no answer from the address within its own limit. */
  | "TargetTimedOut"
  /** The agent has no descriptor left. */
  | "Exhausted"
  /** Nobody answered in time. */
  | "TimedOut"
  /** The agent left before it had answered. */
  | "AgentLost"
  /** Whoever asked gave up. */
  | "Cancelled";

/** A dial that failed; the message names the cluster. */
export class DialError extends Error {
  override readonly name = "DialError";
  readonly reason: DialReason;

  constructor(reason: DialReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }

  /** In one line: the reason as its first word, which stays the same between versions. */
  get text(): string {
    return `${this.reason}: ${this.message}`;
  }
}

const httpStatus: Readonly<Record<DialReason, number>> = {
  NoCluster: 400,
  UnknownCluster: 404,
  NoAgent: 503,
  AddressDenied: 403,
  Denied: 403,
  Failed: 502,
  TargetTimedOut: 504,
  Exhausted: 503,
  TimedOut: 504,
  AgentLost: 502,
  Cancelled: 499,
};

/** The HTTP status that a client of CONNECT is told. */
export function httpStatusOf({ reason }: DialError): number {
  return httpStatus[reason];
}

/** What kind of failure an agent tells, by the words of Go's programs, which ours uses too. */
export function reasonOfAgentError(error: string): DialReason {
  if (/i\/o timeout|deadline exceeded/.test(error)) return "TargetTimedOut";
  return /too many open files/.test(error) ? "Exhausted" : "Failed";
}
