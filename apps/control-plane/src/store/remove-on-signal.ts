import { rmSync } from "node:fs";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Removes a file or folder that is only half made when the process is told to end, which then ends
 * as it would have; disposing leaves the path alone again.
 */
export function removeOnSignal(path: string): Disposable {
  const remove = (signal: NodeJS.Signals): void => {
    rmSync(path, { recursive: true, force: true });
    stop();
    process.kill(process.pid, signal);
  };
  const stop = (): void => {
    for (const signal of signals) process.off(signal, remove);
  };
  for (const signal of signals) process.once(signal, remove);
  return { [Symbol.dispose]: stop };
}
