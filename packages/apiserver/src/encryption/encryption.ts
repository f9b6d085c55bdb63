import { formatGroupResource, type GroupResource } from "@cellplane/apimachinery";
import { KmsError } from "@cellplane/kms";
import type { Logger } from "../request/logger.ts";
import type { ValueTransformer } from "../storage/value-transformer.ts";
import { createEncryptingTransformer } from "./encrypting-transformer.ts";
import { loadProviders, readConfigurationFile } from "./load-providers.ts";
import { pause } from "./pause.ts";
import type { KmsEvents } from "./provider/kms-provider.ts";
import type { ProviderSet } from "./provider/provider-set.ts";
import { watchProviders } from "./watch-providers.ts";

/** Told what encryption does. */
export interface EncryptionEvents extends KmsEvents {
  onTransform?(transform: {
    readonly resource: string;
    readonly direction: "to_storage" | "from_storage";
    readonly family: string;
    readonly failed: boolean;
  }): void;
  /** A configuration is in effect. */
  onLoaded?(hash: string): void;
  /** A changed file was taken up, or could not be. */
  onReload?(status: "success" | "failure"): void;
}

/** What encryption stands on. */
export interface EncryptionOptions {
  /** An EncryptionConfiguration. */
  readonly file: string;
  readonly logger: Logger;
  readonly nowMs: () => number;
  readonly events?: EncryptionEvents;
}

/** A changed configuration must have well key services within this time. */
const minHealthyWithinMs = 10_000;
const probeEveryMs = 100;
// A key service that is away is asked again after so long, twice as long each time.
const firstRetryMs = 200;
const lastRetryMs = 5000;
// What is known of a key service is told again for so long.
const wellAgeMs = 20_000;
const unwellAgeMs = 3000;

interface Loaded {
  readonly set: ProviderSet;
  readonly hash: string;
  readonly watching: AsyncDisposable;
}

/** Encryption at rest by a configuration file, as kube-apiserver does it. */
export class Encryption implements AsyncDisposable {
  readonly #options: EncryptionOptions;
  #loaded: Loaded;
  #health: { readonly untilMs: number; readonly outcome: Promise<void> } | undefined;
  #closing: Promise<void>[] = [];
  readonly #closed = new AbortController();

  private constructor(options: EncryptionOptions, loaded: Loaded) {
    this.#options = options;
    this.#loaded = loaded;
  }

  /**
   * Reads the file, and asks the key services for their keys; they need not be there yet.
   *
   * @throws {ConfigurationError}
   */
  static async open(options: EncryptionOptions): Promise<Encryption> {
    const { text, hash } = await readConfigurationFile(options.file);
    const set = loadProviders(options.file, text, options);
    const watching = await watchProviders(set, options.logger);
    options.events?.onLoaded?.(hash);
    return new Encryption(options, { set, hash, watching });
  }

  /** Resources that are configured, as they are named there: `secrets`, `*.apps`, … */
  get resources(): readonly string[] {
    return this.#loaded.set.resources;
  }

  /** Of the file in effect. */
  get hash(): string {
    return this.#loaded.hash;
  }

  /** Whether there is a key service that can be unwell. */
  get hasKms(): boolean {
    return this.#loaded.set.kms.length > 0;
  }

  /** How values of a resource are stored, now and after every change of the file. */
  transformerOf(of: GroupResource): ValueTransformer {
    const resource = formatGroupResource(of);
    let known: Loaded | undefined;
    let chain: ReturnType<ProviderSet["chainOf"]>;
    const chainNow = (): typeof chain => {
      if (known === this.#loaded) return chain;
      known = this.#loaded;
      chain = known.set.chainOf(of);
      return chain;
    };
    return createEncryptingTransformer(chainNow, (transform) =>
      this.#options.events?.onTransform?.({ resource, ...transform }),
    );
  }

  /** @throws {KmsError} If a key service is not well. */
  check(): Promise<void> {
    const { nowMs } = this.#options;
    if (this.#health && nowMs() < this.#health.untilMs) return this.#health.outcome;
    const outcome = probeAll(this.#loaded.set);
    const remember = (ageMs: number): void => {
      this.#health = { untilMs: nowMs() + ageMs, outcome };
    };
    remember(wellAgeMs);
    outcome.catch(() => remember(unwellAgeMs));
    return outcome;
  }

  /** Resolves once all key services are well, or when aborted. Never rejects. */
  async awaitWell(signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, this.#closed.signal]);
    for (let waitMs = firstRetryMs; !either.aborted; waitMs = Math.min(2 * waitMs, lastRetryMs)) {
      try {
        await probeAll(this.#loaded.set);
        this.#health = undefined;
        return;
      } catch {
        await pause(waitMs, either);
      }
    }
  }

  /**
   * Takes up the file if it has changed. A file that cannot be used, or whose key services are not
   * well, changes nothing.
   */
  async reload(): Promise<"unchanged" | "loaded" | "failed"> {
    const { events, file, logger } = this.#options;
    try {
      const isNew = await this.#reload();
      if (!isNew) return "unchanged";
      events?.onReload?.("success");
      events?.onLoaded?.(this.#loaded.hash);
      logger.info(
        { file, hash: this.#loaded.hash },
        "a changed encryption configuration is in effect",
      );
      return "loaded";
    } catch (err) {
      events?.onReload?.("failure");
      const fields = { err, file, hash: this.#loaded.hash };
      logger.error(
        fields,
        "the encryption configuration cannot be used: the one before stays in effect",
      );
      return "failed";
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    await this.#loaded.watching[Symbol.asyncDispose]();
    await this.#loaded.set[Symbol.asyncDispose]();
    await Promise.all(this.#closing);
  }

  async #reload(): Promise<boolean> {
    const { file, logger } = this.#options;
    const { text, hash } = await readConfigurationFile(file);
    if (hash === this.#loaded.hash) return false;
    await using opened = new AsyncDisposableStack();
    const set = opened.use(loadProviders(file, text, this.#options));
    await this.#awaitHealth(set);
    const watching = opened.use(await watchProviders(set, logger));
    opened.move();
    const old = this.#loaded;
    this.#loaded = { set, hash, watching };
    this.#health = undefined;
    await old.watching[Symbol.asyncDispose]();
    this.#closing.push(this.#closeLater(old.set));
    return true;
  }

  async #awaitHealth(set: ProviderSet): Promise<void> {
    const { nowMs } = this.#options;
    const untilMs = nowMs() + Math.max(minHealthyWithinMs, 2 * set.timeoutMs);
    for (;;) {
      try {
        return await probeAll(set);
      } catch (error) {
        if (nowMs() >= untilMs || this.#closed.signal.aborted) throw error;
      }
      await pause(probeEveryMs, this.#closed.signal);
    }
  }

  /** Requests that have begun may still ask the old key services. */
  async #closeLater(set: ProviderSet): Promise<void> {
    await pause(2 * set.timeoutMs, this.#closed.signal);
    await set[Symbol.asyncDispose]();
  }
}

async function probeAll(set: ProviderSet): Promise<void> {
  const outcomes = await Promise.allSettled(set.kms.map((each) => each.probe()));
  const failures = outcomes.flatMap((outcome, at) =>
    outcome.status === "rejected" ? [{ at, error: outcome.reason as unknown }] : [],
  );
  if (failures.length === 0) return;
  // Without addresses: whoever probes a server may read it. The log has the whole of it.
  const texts = failures.map(
    ({ at }) => `kms-provider-${at}: the key service "${set.kms[at]?.name}" is away or not well`,
  );
  throw new KmsError("Unavailable", texts.join(", "), { cause: failures[0]?.error });
}
