import { readFile } from "node:fs/promises";
import type { ConnectionSettings, TokenSource } from "./credentials.ts";
import { type ExecConfig, type ExecCredential, runExecCredential } from "./exec-credential.ts";

export type { ExecConfig } from "./exec-credential.ts";

// client-go reads a token file again after a minute.
const fileTokenMs = 60_000;
// A plug-in is asked again so long before its credential expires.
const expiryMarginMs = 30_000;

/** A token kept in a file that something else renews. */
export function fileToken(file: string, now: () => number = Date.now): TokenSource {
  let cached: { readonly token: string; readonly untilMs: number } | undefined;
  return async (refresh) => {
    if (refresh === "refresh" || !cached || now() >= cached.untilMs) {
      const token = (await readFile(file, "utf8")).trim();
      cached = { token, untilMs: now() + fileTokenMs };
    }
    return cached.token;
  };
}

/**
 * The credential of an exec plug-in: a client certificate is used as it is; a token is asked for
 * again before it expires and after a 401.
 */
export async function execToken(
  config: ExecConfig,
  now: () => number = Date.now,
): Promise<Partial<ConnectionSettings>> {
  let current: ExecCredential = await runExecCredential(config);
  const isFresh = (): boolean =>
    current.expiresAtMs === undefined || now() < current.expiresAtMs - expiryMarginMs;
  let running: Promise<ExecCredential> | undefined;
  const token: TokenSource = async (refresh) => {
    if (refresh === "refresh" || !isFresh()) {
      // Requests that are refused together ask once.
      running ??= runExecCredential(config).finally(() => {
        running = undefined;
      });
      current = await running;
    }
    return current.token ?? "";
  };
  const { clientCertificate, clientKey } = current;
  return {
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
    ...(clientKey === undefined ? {} : { clientKey }),
    ...(current.token === undefined ? {} : { token }),
  };
}
