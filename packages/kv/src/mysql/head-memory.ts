import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { RevisionsLostError, UnavailableError } from "../store/kv-error.ts";
import type { MetaRow } from "./mysql-schema.ts";

/** The newest revision that this process has acknowledged or shown, and the token of its batch. */
export type RememberedHead = Pick<MetaRow, "epoch" | "revision" | "token">;

/** How often the file is written at most, in milliseconds: what came later is not noticed after a restart. */
const writeEveryMs = 5000;

/**
 * Remembers how far the store has been seen, so that a database that lost acknowledged revisions is
 * noticed (`design/store.md` §8): in memory, and lazily in a file for the next process.
 */
export class HeadMemory {
  readonly #path: string | undefined;
  #known: RememberedHead | undefined;
  #written: RememberedHead | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @throws {UnavailableError} The file is damaged. */
  constructor(path: string | undefined) {
    this.#path = path;
    this.#known = path === undefined ? undefined : readHead(path);
    this.#written = this.#known;
  }

  /** What is remembered. */
  get known(): RememberedHead | undefined {
    return this.#known;
  }

  /** Forgets what a loss that an operator accepted has made void: the store is of a later epoch. */
  forgetBefore(epoch: number): void {
    if (this.#known && this.#known.epoch < epoch) this.#known = undefined;
  }

  /** Notes a head that was acknowledged or shown. */
  note(head: RememberedHead): void {
    const known = this.#known;
    if (known?.epoch === head.epoch && known.revision >= head.revision) return;
    this.#known = { epoch: head.epoch, revision: head.revision, token: head.token };
    if (this.#path === undefined) return;
    this.#timer ??= setTimeout(() => this.flush(), writeEveryMs).unref();
  }

  /** Writes the file now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#path === undefined || !this.#known || this.#known === this.#written) return;
    try {
      const next = `${this.#path}.next`;
      writeFileSync(next, `${JSON.stringify(this.#known)}\n`, { mode: 0o600 });
      renameSync(next, this.#path);
      this.#written = this.#known;
    } catch {
      // A full disk here must not stop the store: the next change tries again.
    }
  }
}

/**
 * Compares the head with what was known before it was read. `tokenThere` is the token at the known
 * revision, where that could be read.
 * @throws {RevisionsLostError}
 */
export function checkHead(
  known: RememberedHead | undefined,
  meta: MetaRow,
  tokenThere?: number,
): void {
  if (!known) return;
  const fail = (why: string): never => {
    throw new RevisionsLostError({ from: known.revision, to: meta.revision, why });
  };
  if (meta.epoch !== known.epoch) fail(`its epoch is ${meta.epoch}, and was ${known.epoch}`);
  if (meta.revision < known.revision) fail("it went back");
  const token = meta.revision === known.revision ? meta.token : tokenThere;
  if (token !== undefined && token !== known.token) {
    fail(`revision ${known.revision} is another one there`);
  }
}

/** The newest revision that a file remembers; 0 where it remembers none. */
export function rememberedRevision(path: string): number {
  return readHead(path)?.revision ?? 0;
}

function readHead(path: string): RememberedHead | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  try {
    const { epoch, revision, token } = JSON.parse(text) as Record<string, unknown>;
    const numbers = { epoch: Number(epoch), revision: Number(revision), token: Number(token) };
    if (Object.values(numbers).every((value) => Number.isSafeInteger(value))) return numbers;
  } catch {
    // Told below.
  }
  throw new UnavailableError(
    `Cannot read "${path}", which remembers the newest revision of the store; remove it if the database is known to be right`,
  );
}
