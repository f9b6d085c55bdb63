import type { Logger } from "../request/logger.ts";
import { pause } from "./pause.ts";
import type { KmsProvider } from "./provider/kms-provider.ts";
import type { ProviderSet } from "./provider/provider-set.ts";

// kube-apiserver's: a rotated key is noticed within a minute, and a service that came back soon.
const wellMs = 60_000;
const unwellMs = 10_000;

/** Asks each key service for its key, now and from time to time. */
export async function watchProviders(set: ProviderSet, logger: Logger): Promise<AsyncDisposable> {
  const closing = new AbortController();
  const wells = await Promise.all(set.kms.map((each) => probe(each, logger)));
  const runs = set.kms.map((each, at) =>
    run(each, { isWell: wells[at] ?? false, logger }, closing.signal),
  );
  return {
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await Promise.all(runs);
    },
  };
}

async function run(
  provider: KmsProvider,
  start: { readonly isWell: boolean; readonly logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  let { isWell } = start;
  while (!signal.aborted) {
    await pause(isWell ? wellMs : unwellMs, signal);
    if (!signal.aborted) isWell = await probe(provider, start.logger);
  }
}

async function probe(provider: KmsProvider, logger: Logger): Promise<boolean> {
  try {
    await provider.probe();
    return true;
  } catch (err) {
    logger.error({ err, provider: provider.name }, "a key service is not well");
    return false;
  }
}
