import type { Logger } from "@cellplane/apiserver";
import type { MemberToken } from "@cellplane/tunnel";

/** What a token keeper works with. */
export interface TokenKeeperDependencies {
  /** Asks the cluster's API server for a token. */
  readonly request: () => Promise<MemberToken>;
  /** Brings it to a control plane. */
  readonly bring: (token: MemberToken) => Promise<void>;
  readonly nowMs: () => number;
  readonly logger: Logger;
}

const lookEveryMs = 10_000;

/**
 * Brings the control plane a token of the cluster when the agent is connected, and a new one after
 * two thirds of its life. What fails is tried again at the next look.
 */
export class TokenKeeper implements Disposable {
  readonly #deps: TokenKeeperDependencies;
  readonly #timer: NodeJS.Timeout;
  #current: { readonly token: MemberToken; readonly renewAtMs: number } | undefined;
  #isBrought = false;
  #isConnected = false;
  #work: Promise<void> | undefined;

  constructor(deps: TokenKeeperDependencies) {
    this.#deps = deps;
    this.#timer = setInterval(() => void this.look(), lookEveryMs).unref();
  }

  /** A server has let the agent in; it may have no token yet. */
  connected(): void {
    this.#isConnected = true;
    this.#isBrought = false;
    void this.look();
  }

  /** Does what is due. Never rejects. */
  async look(): Promise<void> {
    if (!this.#isConnected) return;
    // One that came while another was under way may have been meant for another server.
    if (this.#work) await this.#work;
    this.#work ??= this.#renew().finally(() => {
      this.#work = undefined;
    });
    await this.#work;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #renew(): Promise<void> {
    const { nowMs, logger, request, bring } = this.#deps;
    try {
      if (!this.#current || nowMs() >= this.#current.renewAtMs) {
        const askedAtMs = nowMs();
        const token = await request();
        const lifeMs = Date.parse(token.endsAt) - askedAtMs;
        this.#current = { token, renewAtMs: askedAtMs + (lifeMs * 2) / 3 };
        this.#isBrought = false;
      }
      if (this.#isBrought) return;
      this.#isBrought = true;
      await bring(this.#current.token);
      logger.info({ until: this.#current.token.endsAt }, "token brought to the control plane");
    } catch (err) {
      this.#isBrought = false;
      logger.warn({ err }, "no token brought to the control plane; trying again");
    }
  }
}
