import { errorAnswer, type Answer } from "./protocol-packets.suite.ts";
import type { StatementKind } from "./oceanbase-statement.suite.ts";

/** The name of an error. */
export type ObErrorName =
  | "lockWait"
  | "deadlock"
  | "cannotSerialize"
  | "versionConflict"
  | "notMaster"
  | "io"
  | "rolledBack"
  | "timeout"
  | "unknownVariable"
  | "packetTooLarge";

/** What OceanBase says; numbers and texts of its own. */
export const obErrors: Readonly<Record<ObErrorName, readonly [number, string]>> = {
  lockWait: [1205, "Lock wait timeout exceeded; try restarting transaction"],
  deadlock: [1213, "Deadlock found when trying to get lock; try restarting transaction"],
  cannotSerialize: [6235, "can't serialize access for this transaction"],
  versionConflict: [6005, "Shared lock conflict"],
  notMaster: [4038, "The request did not go to the master"],
  io: [4009, "IO error"],
  rolledBack: [6002, "Transaction is rolled back"],
  timeout: [4012, "Timeout, query has reached the maximum query timeout"],
  unknownVariable: [1193, "Unknown system variable"],
  packetTooLarge: [1153, "Got a packet bigger than 'max_allowed_packet' bytes"],
};

/** An error as an answer. */
export function obError(name: ObErrorName, detail = ""): Answer {
  const [errno, text] = obErrors[name];
  return errorAnswer(errno, `${text}${detail}`);
}

/** What happens instead of a statement, or to its answer. */
export type Fault =
  /** An error in its place; most end the transaction. */
  | { readonly kind: "error"; readonly error: ObErrorName; readonly keepsTransaction?: boolean }
  /** It runs or not, and its answer is a time-out. */
  | { readonly kind: "unknown"; readonly runs: boolean }
  /** The connection is cut before it reaches the server, or before its answer comes back. */
  | { readonly kind: "cut"; readonly when: "before" | "after" };

/** Where a fault may happen. */
export interface FaultPoint {
  readonly statement: StatementKind;
  readonly head: string;
  readonly inTransaction: boolean;
}

/** Decides which statements fail. */
export interface FaultPlan {
  next(point: FaultPoint): Fault | undefined;
}

/** The name of a fault, for counting. */
export function faultName(fault: Fault, { statement }: FaultPoint): string {
  if (fault.kind === "error") return `${obErrors[fault.error][0]} at ${statement}`;
  if (fault.kind === "cut") return `cut ${fault.when} ${statement}`;
  return `4012 at ${statement}, ${fault.runs ? "done" : "not done"}`;
}

/** The same fault at the first points that match. */
export function faultsAt(
  matches: (point: FaultPoint) => boolean,
  fault: Fault,
  times = 1,
): FaultPlan {
  let left = times;
  return {
    next(point) {
      if (left === 0 || !matches(point)) return undefined;
      left--;
      return fault;
    },
  };
}

const beforeCommit: readonly Fault[] = [
  { kind: "error", error: "lockWait", keepsTransaction: true },
  { kind: "error", error: "deadlock" },
  { kind: "error", error: "cannotSerialize" },
  { kind: "error", error: "versionConflict" },
  { kind: "error", error: "notMaster" },
  { kind: "error", error: "rolledBack" },
  { kind: "cut", when: "before" },
  { kind: "cut", when: "after" },
];

const atCommit: readonly Fault[] = [
  { kind: "error", error: "notMaster" },
  { kind: "error", error: "rolledBack" },
  { kind: "unknown", runs: true },
  { kind: "unknown", runs: false },
  { kind: "cut", when: "before" },
  { kind: "cut", when: "after" },
];

const atRead: readonly Fault[] = [
  { kind: "error", error: "timeout" },
  { kind: "error", error: "notMaster" },
  { kind: "cut", when: "after" },
];

/** Faults at random points, the same ones for the same seed and statements. */
export function stormOf(seed: number, rates: StormRates = defaultRates): FaultPlan {
  const random = randomOf(seed);
  const pick = (faults: readonly Fault[]): Fault | undefined =>
    faults[Math.floor(random() * faults.length)];
  return {
    next({ statement, inTransaction }) {
      if (statement === "commit") return random() < rates.commit ? pick(atCommit) : undefined;
      if (statement === "lock" || (statement === "write" && inTransaction)) {
        return random() < rates.statement ? pick(beforeCommit) : undefined;
      }
      if (statement !== "read") return undefined;
      if (inTransaction) return random() < rates.statement ? pick(beforeCommit) : undefined;
      return random() < rates.read ? pick(atRead) : undefined;
    },
  };
}

/** How likely a statement fails, from 0 to 1. */
export interface StormRates {
  readonly commit: number;
  /** One of a transaction, before the commit. */
  readonly statement: number;
  /** One outside of a transaction. */
  readonly read: number;
}

const defaultRates: StormRates = { commit: 0.08, statement: 0.01, read: 0.005 };

/** Numbers from 0 to 1 by the method named mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
