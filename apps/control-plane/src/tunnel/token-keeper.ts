import { isJsonObject, parseJson } from "@cellplane/apimachinery";
import type { Logger } from "@cellplane/apiserver";
import type { MemberToken } from "@cellplane/tunnel";

/** What a token keeper works with. */
export interface TokenKeeperDependencies {
  /** Asks the cluster's API server for a token. */
  readonly request: () => Promise<MemberToken>;
  /** Whether the API server still takes a token: its account may have been made anew. */
  readonly isTaken?: (token: string) => Promise<boolean>;
  /** Brings it to a control plane. */
  readonly bring: (token: MemberToken) => Promise<void>;
  readonly nowMs: () => number;
  readonly logger: Logger;
}

const lookEveryMs = 10_000;
const tryEveryMs = 60_000;

/**
 * Brings the control plane a token of the cluster when the agent is connected, and a new one after
 * two thirds of its life. What fails is tried again at the next look.
 */
export class TokenKeeper implements Disposable {
  readonly #deps: TokenKeeperDependencies;
  readonly #timer: NodeJS.Timeout;
  #current: { readonly token: MemberToken; readonly renewAtMs: number } | undefined;
  #tryAtMs = 0;
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
      await this.#tryCurrent();
      if (!this.#current || nowMs() >= this.#current.renewAtMs) {
        const askedAtMs = nowMs();
        const token = await request();
        this.#current = { token, renewAtMs: askedAtMs + (lifeMsOf(token, askedAtMs) * 2) / 3 };
        this.#tryAtMs = askedAtMs + tryEveryMs;
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

  async #tryCurrent(): Promise<void> {
    const { nowMs, isTaken } = this.#deps;
    if (!this.#current || !isTaken || nowMs() < this.#tryAtMs) return;
    this.#tryAtMs = nowMs() + tryEveryMs;
    if (!(await isTaken(this.#current.token.token))) this.#current = undefined;
  }
}

/** How long a token is good, by the clock of whoever made it: that of this machine may be off. */
function lifeMsOf({ token, endsAt }: MemberToken, askedAtMs: number): number {
  const [, payload = ""] = token.split(".");
  try {
    const claims = parseJson(Buffer.from(payload, "base64url").toString());
    if (isJsonObject(claims)) {
      const { iat, exp } = claims;
      if (typeof iat === "number" && typeof exp === "number") return (exp - iat) * 1000;
    }
  } catch {
    // Not every token is one that can be read.
  }
  return Date.parse(endsAt) - askedAtMs;
}
