import { CipherError } from "../cipher/value-cipher.ts";
import type { OpenedValue, ValueProvider } from "./value-provider.ts";

/** The providers of a resource: the first encrypts, all that know a value's prefix may decrypt it. */
export class ProviderChain {
  readonly #providers: readonly PrefixedProvider[];

  constructor(providers: readonly ValueProvider[]) {
    this.#providers = providers.map((provider, at) => ({
      provider,
      prefix: Buffer.from(provider.prefix),
      isFirst: at === 0,
    }));
  }

  /** Encrypts with the first provider. Throws, or rejects with, what that one does. */
  encrypt(value: Buffer, storeKey: string): Buffer | Promise<Buffer> {
    const [first] = this.#providers;
    if (!first) throw new Error("Cannot encrypt without a provider");
    const bytes = first.provider.encrypt(value, storeKey);
    if (first.prefix.length === 0) return bytes;
    if (bytes instanceof Promise) return bytes.then((all) => Buffer.concat([first.prefix, all]));
    return Buffer.concat([first.prefix, bytes]);
  }

  /** The kind of provider that encrypts. */
  get family(): string {
    return this.#providers[0]?.provider.family ?? "unknown";
  }

  /** The kind of provider that a value is of. */
  familyOf(value: Buffer): string {
    return (
      this.#providers.find((each) => startsWith(value, each.prefix))?.provider.family ?? "unknown"
    );
  }

  /**
   * Decrypts. What another than the first provider has opened is stale.
   *
   * @throws {CipherError | KmsError} Of the last provider that knows the prefix, or that none does.
   */
  open(value: Buffer, storeKey: string): OpenedValue | Promise<OpenedValue> {
    const known = this.#providers.filter(({ prefix }) => startsWith(value, prefix));
    return openWith(known, value, storeKey) ?? this.#refuse(value);
  }

  #refuse(value: Buffer): never {
    const text = value.subarray(0, 64).toString("latin1");
    const family = this.#providers
      .filter(({ prefix }) => prefix.length > 0)
      .map(({ provider }) => provider.family)
      .find((each) => text.startsWith(each));
    if (family === undefined) throw new CipherError("no matching prefix found");
    const name = family.includes("secretbox") ? "Secretbox" : "AES";
    throw new CipherError(`no matching key was found for the provided ${name} transformer`);
  }
}

interface PrefixedProvider {
  readonly provider: ValueProvider;
  readonly prefix: Buffer;
  readonly isFirst: boolean;
}

/** Several may know one prefix: keys of the same name. Tried in order, up to one that succeeds. */
function openWith(
  known: readonly PrefixedProvider[],
  value: Buffer,
  storeKey: string,
): OpenedValue | Promise<OpenedValue> | undefined {
  const [first, ...others] = known;
  if (!first) return undefined;
  const stale = (opened: OpenedValue): OpenedValue =>
    first.isFirst || opened.isStale ? opened : { value: opened.value, isStale: true };
  const next = (error: unknown): OpenedValue | Promise<OpenedValue> | undefined => {
    const rest = openWith(others, value, storeKey);
    if (rest !== undefined) return rest;
    // Of plaintext: that no provider knows the value says more than its complaint.
    if (first.prefix.length === 0) return undefined;
    throw error;
  };
  try {
    const opened = first.provider.decrypt(value.subarray(first.prefix.length), storeKey);
    return opened instanceof Promise ? openLater(opened.then(stale), next) : stale(opened);
  } catch (error) {
    return next(error);
  }
}

async function openLater(
  opened: Promise<OpenedValue>,
  next: (error: unknown) => OpenedValue | Promise<OpenedValue> | undefined,
): Promise<OpenedValue> {
  try {
    return await opened;
  } catch (error) {
    const rest = await next(error);
    if (rest !== undefined) return rest;
    throw error;
  }
}

function startsWith(value: Buffer, prefix: Buffer): boolean {
  const { length } = prefix;
  return value.length >= length && value.compare(prefix, 0, length, 0, length) === 0;
}
