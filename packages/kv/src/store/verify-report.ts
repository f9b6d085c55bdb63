import type { KeyText } from "./key-text.ts";
import type { Revision } from "./mvcc-store.ts";

/** Something that is wrong with a store. */
export interface Finding {
  /** What is wrong, without revision and key. */
  readonly message: string;
  readonly revision?: Revision;
  /** As `printKey` shows it. */
  readonly key?: string;
}

/** What `verify` has found out. */
export interface VerifyReport {
  readonly driver: string;
  readonly revision: Revision;
  readonly compacted: Revision;
  /** 0 where the store has none. */
  readonly epoch: number;
  /** Rows of history, or events that were replayed. */
  readonly changes: number;
  readonly keys: number;
  readonly leases: number;
  /** How many things are wrong. */
  readonly wrong: number;
  /** The first of them. */
  readonly findings: readonly Finding[];
  /** What has been proved where nothing is wrong. */
  readonly proved: readonly string[];
}

/** So many findings are kept; the others are counted. */
const maxFindings = 1000;

/** Collects what is wrong. */
export class Findings {
  readonly #kept: Finding[] = [];
  count = 0;

  get kept(): readonly Finding[] {
    return this.#kept;
  }

  add(message: string, where: { readonly revision?: Revision; readonly key?: KeyText } = {}): void {
    this.count++;
    if (this.#kept.length >= maxFindings) return;
    const { revision, key } = where;
    this.#kept.push({
      message,
      ...(revision === undefined ? {} : { revision }),
      ...(key === undefined ? {} : { key: printKey(key) }),
    });
  }
}

/** A key as a person can read it: printable ASCII as it is, other bytes as `\xNN`. */
export function printKey(key: KeyText): string {
  return key.replaceAll(
    /[^ -[\]-~]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
