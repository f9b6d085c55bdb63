import {
  KvError,
  NoSpaceError,
  OutcomeUnknownError,
  UnavailableError,
} from "../../store/kv-error.ts";
import { DiskRoomError } from "./disk-room.ts";

/** What an error means for the write that met it; it crosses from the writer's thread as a value. */
export interface WriteFailure {
  readonly kind: "no-space" | "unavailable" | "outcome-unknown";
  readonly message: string;
}

/** SQLite's primary result codes. */
const sqliteFull = 13;
const sqliteIoError = 10;

/** SQLite's primary result code of an error; absent where it is not SQLite's. */
function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
}

/** A disk that failed an operation can no longer be trusted: the store has to be opened again. */
export function isFatal(error: unknown): boolean {
  return codeOf(error) === sqliteIoError;
}

/** Where a transaction was when it failed. */
export type WritePhase = "before-commit" | "in-commit";

/** Classifies an error of a write. */
export function failureOf(error: unknown, phase: WritePhase): WriteFailure {
  const message = error instanceof Error ? error.message : String(error);
  if (codeOf(error) === sqliteFull || error instanceof DiskRoomError)
    return { kind: "no-space", message };
  if (phase === "in-commit" && isFatal(error)) return { kind: "outcome-unknown", message };
  return { kind: "unavailable", message };
}

/** The contract's error for a failed write. */
export function errorOfFailure({ kind, message }: WriteFailure): KvError {
  switch (kind) {
    case "no-space":
      return new NoSpaceError(`Cannot write as the disk or the quota is full: ${message}`);
    case "outcome-unknown":
      return new OutcomeUnknownError(`Cannot tell whether the write is durable: ${message}`);
    default:
      return new UnavailableError(`Cannot use the database: ${message}`);
  }
}

/** The contract's error for a failed read. */
export function readError(error: unknown): KvError {
  if (error instanceof KvError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new UnavailableError(`Cannot read from the database: ${message}`, { cause: error });
}

/** The contract's error for a file that cannot be opened as a store. */
export function openError(path: string, error: unknown): UnavailableError {
  const why = error instanceof Error ? error.message : String(error);
  return new UnavailableError(`Cannot open the store "${path}": ${why}`, { cause: error });
}
