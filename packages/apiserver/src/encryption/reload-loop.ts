import type { Encryption } from "./encryption.ts";
import { pause } from "./pause.ts";

// kube-apiserver looks once a minute; what could not be used is tried again sooner.
const everyMs = 60_000;
const firstRetryMs = 1000;

/** Takes up changes of the configuration file until aborted; at once where `wake` is called. */
export class ReloadLoop {
  readonly #encryption: Encryption;
  #waiting = new AbortController();

  constructor(encryption: Encryption) {
    this.#encryption = encryption;
  }

  /** Looks now instead of at the end of the minute. */
  wake(): void {
    this.#waiting.abort();
  }

  async run(signal: AbortSignal): Promise<void> {
    let waitMs = everyMs;
    while (!signal.aborted) {
      await pause(waitMs, AbortSignal.any([signal, this.#waiting.signal]));
      if (signal.aborted) return;
      if (this.#waiting.signal.aborted) this.#waiting = new AbortController();
      const outcome = await this.#encryption.reload();
      if (outcome !== "failed") waitMs = everyMs;
      else waitMs = waitMs === everyMs ? firstRetryMs : Math.min(2 * waitMs, everyMs / 2);
    }
  }
}
