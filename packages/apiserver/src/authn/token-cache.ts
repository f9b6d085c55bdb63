import { hash } from "node:crypto";

/** Tokens kept at most; the least recently used goes first. */
const capacity = 10_000;

interface CachedToken<T> {
  readonly value: T;
  /** Milliseconds since 1970. */
  readonly untilMs: number;
  /** Revoking this uid drops the entry. */
  readonly uid: string;
}

/**
 * Verified tokens for a short time, by hash, so that a request costs no signature check and no
 * token is kept in memory.
 */
export class TokenCache<T> {
  readonly #entries = new Map<string, CachedToken<T>>();
  readonly #hashesOf = new Map<string, Set<string>>();

  get(token: string, nowMs: number): T | undefined {
    const key = keyOf(token);
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#drop(key, entry);
    if (nowMs >= entry.untilMs) return undefined;
    this.#add(key, entry);
    return entry.value;
  }

  set(token: string, entry: CachedToken<T>): void {
    const key = keyOf(token);
    const old = this.#entries.get(key);
    if (old) this.#drop(key, old);
    this.#add(key, entry);
    if (this.#entries.size > capacity) this.#dropOldest();
  }

  /** Forgets all tokens that depend on this object. */
  revoke(uid: string): void {
    for (const key of this.#hashesOf.get(uid) ?? []) this.#entries.delete(key);
    this.#hashesOf.delete(uid);
  }

  #add(key: string, entry: CachedToken<T>): void {
    this.#entries.set(key, entry);
    const hashes = this.#hashesOf.get(entry.uid);
    if (hashes) hashes.add(key);
    else this.#hashesOf.set(entry.uid, new Set([key]));
  }

  #drop(key: string, entry: CachedToken<T>): void {
    this.#entries.delete(key);
    const hashes = this.#hashesOf.get(entry.uid);
    hashes?.delete(key);
    if (hashes?.size === 0) this.#hashesOf.delete(entry.uid);
  }

  #dropOldest(): void {
    for (const [key, entry] of this.#entries) {
      this.#drop(key, entry);
      return;
    }
  }
}

function keyOf(token: string): string {
  return hash("sha256", token, "base64");
}
