import {
  ConfigurationError,
  createEncryptionHandler,
  Encryption,
  type HealthCheck,
  type HttpHandler,
  type Logger,
  ReloadLoop,
} from "@cellplane/apiserver";
import type { MetricRegistry } from "@cellplane/metrics";
import type { EncryptionFlags } from "../options/encryption-options.ts";
import { ServerError } from "../options/server-error.ts";
import { createEncryptionMetrics } from "./encryption-metrics.ts";

/** Encryption at rest of a running server. */
export interface OpenedEncryption {
  /** Absent: nothing is encrypted. */
  readonly encryption: Encryption | undefined;
  readonly checks: readonly HealthCheck[];
  readonly handler: HttpHandler;
}

/** Opens what the flags ask for; `opened` closes it. @throws {ServerError} If the file cannot be used. */
export async function openEncryption(
  flags: EncryptionFlags,
  deps: { readonly logger: Logger; readonly metrics: MetricRegistry },
  opened: AsyncDisposableStack,
): Promise<OpenedEncryption> {
  const { encryptionProviderConfig: file } = flags;
  if (file === undefined) {
    const handler = createEncryptionHandler(() => ({ resources: [] }));
    return { encryption: undefined, checks: [], handler };
  }
  const reload = flags.encryptionProviderConfigAutomaticReload === true;
  const events = createEncryptionMetrics(deps.metrics, Date.now);
  const encryption = opened.use(
    await Encryption.open({ file, logger: deps.logger, nowMs: Date.now, events }).catch(
      asServerError,
    ),
  );
  if (reload) runReloads(encryption, opened);
  const check = (): Promise<void> => encryption.check();
  const checks: readonly HealthCheck[] =
    reload || encryption.hasKms
      ? [{ name: "kms-providers", endpoints: ["healthz", "readyz"], check, tellsReason: true }]
      : [];
  const handler = createEncryptionHandler(() => encryption);
  return { encryption, checks, handler };
}

function runReloads(encryption: Encryption, opened: AsyncDisposableStack): void {
  const loop = new ReloadLoop(encryption);
  const closing = new AbortController();
  const wake = (): void => loop.wake();
  process.on("SIGHUP", wake);
  const running = loop.run(closing.signal);
  opened.defer(async () => {
    process.off("SIGHUP", wake);
    closing.abort();
    await running;
  });
}

function asServerError(error: unknown): never {
  if (error instanceof ConfigurationError) throw new ServerError(error.message, { cause: error });
  throw error;
}
