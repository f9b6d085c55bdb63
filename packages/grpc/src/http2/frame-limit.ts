import { errorCodes, Http2Error } from "./http2-error.ts";

/** How often a peer may do what costs it nothing: beginning and dropping streams, PINGs, settings. */
export class FrameLimit {
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #lastMs: number = performance.now();

  constructor({ burst, perSecond }: { readonly burst: number; readonly perSecond: number }) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
  }

  /** @throws {Http2Error} There were too many. */
  count(): void {
    this.#left -= 1;
    if (this.#left >= 0) return;
    const nowMs = performance.now();
    const earned = Math.floor(((nowMs - this.#lastMs) * this.#perSecond) / 1000);
    this.#lastMs = nowMs;
    this.#left = Math.min(this.#burst, earned) - 1;
    if (this.#left < 0) {
      throw new Http2Error(errorCodes.enhanceYourCalm, "Cannot answer so many frames");
    }
  }
}
