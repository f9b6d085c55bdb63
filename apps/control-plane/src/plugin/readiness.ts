import type { WebhookAnswer } from "./webhook/webhook-server.ts";

/** What a plug-in says of itself at `/readyz`. */
export class PluginReadiness {
  #lookups: "starting" | "ready" = "starting";
  #leads = "no";
  readonly #missing: readonly string[];

  /** `missing`: what the host lacks, a sentence each. */
  constructor(missing: readonly string[]) {
    this.#missing = missing;
  }

  /** Admission knows what it must. */
  setReady(): void {
    this.#lookups = "ready";
  }

  /** Whether this process runs the controllers. A candidate that waits is ready all the same. */
  setLeads(leads: "yes" | "no"): void {
    this.#leads = leads;
  }

  get isReady(): boolean {
    return this.#lookups === "ready";
  }

  /** The answer to `/readyz`, with `?verbose` line by line. */
  page(query: URLSearchParams): WebhookAnswer {
    const status = this.isReady ? 200 : 503;
    if (!query.has("verbose") && this.isReady) return { status, body: "ok" };
    const lines = [
      `${this.isReady ? "[+]" : "[-]"}lookups ${this.isReady ? "ok" : "are being read"}`,
      `[+]leader ${this.#leads}`,
      ...this.#missing.map((text) => `[!]host ${text}`),
      `readyz check ${this.isReady ? "passed" : "failed"}`,
    ];
    return { status, body: lines.join("\n") };
  }
}
