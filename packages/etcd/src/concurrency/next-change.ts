import {
  UnavailableError,
  type MvccStore,
  type WatchEvent,
  type WatchRequest,
} from "@cellplane/kv";

/** Waits for the next change of a range. @throws {KvError} The watch has ended; or what the signal says. */
export function nextChange(
  store: MvccStore,
  request: WatchRequest,
  signal: AbortSignal,
): Promise<WatchEvent> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const watch = store.watch(request, {
      onBatch: ({ events }) => {
        const [event] = events;
        if (event) settle(() => resolve(event));
      },
      onEnd: (error) => {
        signal.removeEventListener("abort", abort);
        reject(error ?? new UnavailableError("Cannot wait on as the store is closed"));
      },
    });
    const abort = (): void => settle(() => reject(signal.reason));
    signal.addEventListener("abort", abort, { once: true });
    function settle(tell: () => void): void {
      tell();
      // Not while the store hands over.
      queueMicrotask(() => watch.close());
    }
  });
}
