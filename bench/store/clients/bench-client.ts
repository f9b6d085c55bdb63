/** What the bench asks of each store, whatever it is reached by. */
export interface BenchClient extends AsyncDisposable {
  /** Writes a key, whatever it has, and tells the revision. */
  put(key: Buffer, value: Buffer): Promise<number>;
  /** Writes a key that stands at a revision (0: absent), and tells the new one; fails where it does not. */
  update(key: Buffer, value: Buffer, modRevision: number): Promise<number>;
  /** Writes many keys as fast as the store allows. */
  fill(keys: readonly Buffer[], value: Buffer): Promise<void>;
  /** The revision at which a key stands; 0: absent. */
  get(key: Buffer): Promise<number>;
  /** Reads a prefix from its start, and tells the number of keys that came with their values; 0: no limit. */
  list(prefix: string, limit: number): Promise<number>;
  count(prefix: string): Promise<number>;
  /** The head. */
  head(): Promise<number>;
  /** Tells the revision of each event of a prefix, from now on. */
  watch?(prefix: string, onEvent: (revision: number) => void): Promise<{ close(): void }>;
  compact?(revision: number): Promise<void>;
}

/** The first key after all that begin with a prefix. */
export function endOfPrefix(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return end;
}

const keysPerTxn = 100;
const txnsAtOnce = 4;

/** Writes keys in transactions of 100, a few at a time. */
export async function inTxns(
  keys: readonly Buffer[],
  write: (part: readonly Buffer[]) => Promise<unknown>,
): Promise<void> {
  let at = 0;
  const writeOn = async (): Promise<void> => {
    while (at < keys.length) {
      const part = keys.slice(at, (at += keysPerTxn));
      await write(part);
    }
  };
  await Promise.all(Array.from({ length: txnsAtOnce }, writeOn));
}
