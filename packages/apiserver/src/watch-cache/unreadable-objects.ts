import { isStatus } from "@cellplane/apimachinery";
import { parseObjectPath } from "../storage/object-key.ts";

/** How many are tried anew at once. */
const retriedAtOnce = 32;

/**
 * Objects of a resource whose stored bytes cannot be decrypted: each is an error of its own, and
 * lists that it belongs to fail, so that nobody takes it for gone.
 */
export class UnreadableObjects {
  readonly #errors = new Map<string, unknown>();

  get size(): number {
    return this.#errors.size;
  }

  put(path: string, error: unknown): void {
    this.#errors.set(path, error);
  }

  delete(path: string): void {
    if (this.#errors.size > 0) this.#errors.delete(path);
  }

  clear(): void {
    this.#errors.clear();
  }

  /** @throws {StatusError} If the object at this path cannot be read. */
  checkObject(path: string): void {
    if (this.#errors.size > 0 && this.#errors.has(path)) throw this.#errors.get(path);
  }

  /** @throws {StatusError} If an object of the namespace (absent: of any) cannot be read. */
  checkAll(namespace: string | undefined): void {
    if (this.#errors.size === 0) return;
    for (const [path, error] of this.#errors) {
      if (namespace === undefined || parseObjectPath(path).namespace === namespace) throw error;
    }
  }

  /** Some paths to be tried anew; others the next time. */
  takeSome(): readonly string[] {
    const paths = Array.from(this.#errors.keys()).slice(0, retriedAtOnce);
    for (const path of paths) {
      const error = this.#errors.get(path);
      this.#errors.delete(path);
      this.#errors.set(path, error);
    }
    return paths;
  }
}

/** Whether bytes may be readable later: the key service is away. */
export function isReadableLater(error: unknown): boolean {
  return isStatus(error, "ServiceUnavailable");
}
