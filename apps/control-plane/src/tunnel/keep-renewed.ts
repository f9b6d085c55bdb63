import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "@cellplane/apiserver";
import { type AgentCredential, renewalMs, renewCredential } from "@cellplane/tunnel";
import { atAnyServer } from "./at-any-server.ts";
import type { CredentialSecret } from "./credential-secret.ts";
import { readCredentials } from "./read-credentials.ts";

const defaultLookEveryMs = 60_000;

/** Where a credential lies, and who renews it. */
export interface RenewalOptions {
  readonly credentialsDir: string;
  readonly servers: readonly string[];
  /** Where a new one goes, if the folder is mounted from there. */
  readonly secret?: CredentialSecret | undefined;
}

/**
 * Renews an agent's certificate after two thirds of its life, by whichever server answers.
 * Connections stay; those that are made later show the new one.
 */
export function keepRenewed(
  options: RenewalOptions & {
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
  { credentialsDir, servers, secret }: RenewalOptions,
  nowMs: number,
): Promise<Date | undefined> {
  const { cert } = readCredentials(credentialsDir);
  if (renewalMs(cert) > nowMs) return undefined;
  // Another agent was first: its certificate will be mounted here in a moment.
  if (secret && renewalMs(await secret.readCertificate()) > nowMs) return undefined;
  const renewed = await atAnyServer(servers, credentialsDir, (channel) =>
    renewCredential(cert, channel),
  );
  if (secret) await secret.write(renewed);
  else writeRenewed(credentialsDir, renewed);
  return new Date(renewalMs(renewed.cert));
}

/** Ends what a process began that was killed between the two files of a renewal. */
export function finishRenewal(credentialsDir: string): void {
  const path = join(credentialsDir, "tls.crt");
  if (!existsSync(`${path}.new`)) return;
  const certificate = new X509Certificate(readFileSync(`${path}.new`));
  const key = createPrivateKey(readFileSync(join(credentialsDir, "tls.key")));
  if (certificate.checkPrivateKey(key)) renameSync(`${path}.new`, path);
}

function writeRenewed(credentialsDir: string, { cert, key }: AgentCredential): void {
  // The key first: with an old certificate it fails at once, and is read again.
  const files = { "tls.key": key, "tls.crt": cert };
  const paths = Object.entries(files).map(([name, text]) => {
    const path = join(credentialsDir, name);
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    return path;
  });
  for (const path of paths) renameSync(`${path}.new`, path);
}
