import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** The program under test. */
export const cellplaneProgram: string = fileURLToPath(
  new URL("../../../../bin/cellplane", import.meta.url),
);

const endWithinMs = 60_000;

/** What a program said, and how it ended. */
export interface ProgramResult {
  /** `null` where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a program is given. */
export interface ProgramInput {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Its end is forced after that; a minute unless given. */
  readonly withinMs?: number;
}

/** Runs a program to its end. */
export async function runProgram(
  command: string,
  args: readonly string[],
  input: ProgramInput = {},
): Promise<ProgramResult> {
  const child = spawn(command, args, {
    env: { ...process.env, ...input.env },
    timeout: input.withinMs ?? endWithinMs,
    killSignal: "SIGKILL",
  });
  // A program that ends without reading its input closes the pipe.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input.stdin ?? "");
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}

/** Runs `cellplane …` to its end. */
export function runCellplane(args: readonly string[]): Promise<ProgramResult> {
  return runProgram(process.execPath, [cellplaneProgram, ...args]);
}
