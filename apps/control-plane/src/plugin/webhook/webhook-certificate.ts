import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureServingCertificate, type Logger } from "@cellplane/apiserver";
import { abortableDelay } from "@cellplane/client";

const lookEveryMs = 2000;

/** A serving certificate in PEM, and what clients trust it by. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
  /** Empty: the system's authorities. */
  readonly ca: string;
}

/** The webhook's certificate: brought along in a directory, or made there by an authority of our own. */
export interface WebhookCertificate extends AsyncDisposable {
  readonly current: CertificateFiles;
  /** Tells of new ones, until `signal` aborts. */
  follow(onChange: (files: CertificateFiles) => void, signal: AbortSignal): Promise<void>;
}

/**
 * Reads `tls.crt`, `tls.key` and `ca.crt` of a directory, as a mounted Secret of cert-manager has
 * them. Where there are none, or `ca.key` lies beside them, they are made and kept up to date.
 * Without a directory they last as long as the process.
 */
export async function openWebhookCertificate(options: {
  readonly certDir: string | undefined;
  readonly hosts: readonly string[];
  readonly nowMs: () => number;
  readonly logger: Logger;
}): Promise<WebhookCertificate> {
  const { hosts, nowMs, logger } = options;
  const dir = options.certDir ?? (await mkdtemp(join(tmpdir(), "cellplane-webhook-")));
  const isBrought = existsSync(join(dir, "tls.crt")) && !existsSync(join(dir, "ca.key"));
  const load = async (): Promise<CertificateFiles> => {
    if (isBrought) return readFiles(dir);
    const commonName = "cellplane-webhook";
    const made = await ensureServingCertificate(dir, { hosts, nowMs: nowMs(), commonName });
    return { cert: made.server.certificate, key: made.server.key, ca: made.ca };
  };
  let current = await load();
  return {
    get current() {
      return current;
    },
    async follow(onChange, signal) {
      while (!signal.aborted) {
        await abortableDelay(lookEveryMs, signal);
        if (signal.aborted) return;
        try {
          const found = await load();
          if (JSON.stringify(found) === JSON.stringify(current)) continue;
          onChange(found);
          current = found;
        } catch (err) {
          // Half-written files are whole at the next look; the old certificate goes on serving.
          logger.warn({ err, dir }, "the webhook's certificate could not be read anew");
        }
      }
    },
    async [Symbol.asyncDispose]() {
      if (options.certDir === undefined) await rm(dir, { recursive: true, force: true });
    },
  };
}

async function readFiles(dir: string): Promise<CertificateFiles> {
  const ca = join(dir, "ca.crt");
  const [cert, key, authority] = await Promise.all([
    readFile(join(dir, "tls.crt"), "utf8"),
    readFile(join(dir, "tls.key"), "utf8"),
    existsSync(ca) ? readFile(ca, "utf8") : "",
  ]);
  return { cert, key, ca: authority };
}
