import type { StatusName } from "../wire/status-code.ts";
import type { Note } from "./note-service.suite.ts";

/** What a call was told, and what it got. */
export interface Outcome {
  readonly status: StatusName;
  readonly message: string;
  readonly notes: readonly Note[];
  readonly headers: Readonly<Record<string, unknown>>;
  readonly trailers: Readonly<Record<string, unknown>>;
}

/** How a call is made. */
export interface Asking {
  readonly metadata?: Readonly<Record<string, string | Uint8Array>>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Called for every note that `count` gives. */
  readonly onNote?: () => void;
}

/** A client that the suite uses. */
export interface PeerClient extends AsyncDisposable {
  say(request: Note, asking?: Asking): Promise<Outcome>;
  collect(requests: readonly Note[], asking?: Asking): Promise<Outcome>;
  count(request: Note, asking?: Asking): Promise<Outcome>;
  /** Sends each note after the answer to the one before. */
  chat(requests: readonly Note[], asking?: Asking): Promise<Outcome>;
  /** Calls a method that no server has. */
  callUnknown(path: string): Promise<Outcome>;
}

/** What the server saw: for each call, once it is over, how. */
export interface PeerServer extends AsyncDisposable {
  readonly target: string;
  /** Resolves when a call that waited is told to stop. */
  readonly nextCancel: () => Promise<void>;
}
