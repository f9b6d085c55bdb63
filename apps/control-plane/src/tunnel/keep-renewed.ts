import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "@cellplane/apiserver";
import { renewalMs, renewCredential } from "@cellplane/tunnel";
import { atAnyServer } from "./at-any-server.ts";
import { readCredentials } from "./read-credentials.ts";

const defaultLookEveryMs = 60_000;

/**
 * Renews an agent's certificate in its folder after two thirds of its life, by whichever server
 * answers. Connections stay; those that are made later show the new one.
 */
export function keepRenewed(
  options: {
    readonly credentialsDir: string;
    readonly servers: readonly string[];
    /** How often it looks; a minute unless given. */
    readonly lookEveryMs?: number;
  },
  logger: Logger,
): Disposable {
  const look = (): void => {
    renewIfDue(options, Date.now()).then(
      (until) => until && logger.info({ until }, "certificate renewed"),
      (err: unknown) => logger.warn({ err }, "certificate not renewed"),
    );
  };
  look();
  const timer = setInterval(look, options.lookEveryMs ?? defaultLookEveryMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Tells when the new certificate is to be renewed; `undefined`: the present one is not due yet. */
export async function renewIfDue(
  {
    credentialsDir,
    servers,
  }: { readonly credentialsDir: string; readonly servers: readonly string[] },
  nowMs: number,
): Promise<Date | undefined> {
  const { cert } = readCredentials(credentialsDir);
  if (renewalMs(cert) > nowMs) return undefined;
  const renewed = await atAnyServer(servers, credentialsDir, (channel) =>
    renewCredential(cert, channel),
  );
  // The key first: with an old certificate it fails at once, and is read again.
  write(join(credentialsDir, "tls.key"), renewed.key);
  write(join(credentialsDir, "tls.crt"), renewed.cert);
  return new Date(renewalMs(renewed.cert));
}

function write(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
