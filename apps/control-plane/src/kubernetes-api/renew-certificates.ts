import type { ApiServer, Logger, ServingCertificate } from "@cellplane/apiserver";

/** The longest delay that a timer can have is 24.8 days. */
const longestDelayMs = 20 * 24 * 3600 * 1000;
const retryMs = 3600 * 1000;

/** Takes new certificates into use before the old ones end; until disposed. */
export function renewCertificates(deps: {
  readonly server: Pick<ApiServer, "reloadTls">;
  readonly pki: ServingCertificate;
  readonly ensure: () => Promise<ServingCertificate>;
  readonly nowMs: () => number;
  readonly logger: Logger;
}): Disposable {
  let timer: NodeJS.Timeout;
  const renew = async (): Promise<number> => {
    try {
      const pki = await deps.ensure();
      const { key, certificate } = pki.server;
      deps.server.reloadTls({ key, cert: certificate, clientCa: pki.ca });
      return pki.renewAtMs;
    } catch (error) {
      deps.logger.error(
        { err: error },
        "the certificates could not be renewed; trying again in an hour",
      );
      return deps.nowMs() + retryMs;
    }
  };
  const wait = (untilMs: number): void => {
    const delayMs = Math.min(longestDelayMs, Math.max(1000, untilMs - deps.nowMs()));
    timer = setTimeout(() => {
      if (deps.nowMs() < untilMs) wait(untilMs);
      else void renew().then(wait);
    }, delayMs);
    timer.unref();
  };
  wait(deps.pki.renewAtMs);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
