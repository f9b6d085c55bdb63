/** A controller that a process runs. */
export interface Controller {
  readonly name: string;
  /** Lasts until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Where a controller tells what went wrong; it goes on by itself. */
export type ErrorReporter = (error: unknown, fields: Readonly<Record<string, string>>) => void;
