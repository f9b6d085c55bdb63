import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { ResponseHeader } from "@cellplane/etcd-api";
import { RevisionsLostError, UnavailableError } from "../store/kv-error.ts";
import type { Revision } from "../store/mvcc-store.ts";

/** The newest revision that was acknowledged or shown, and of which cluster. */
export interface EtcdHead {
  readonly clusterId: bigint;
  readonly revision: Revision;
}

/** Told a revision; `call` numbers the call that found it as the head of then, and is 0 for others. */
export type OnHead = (revision: Revision, call: number) => void;

/** A call as it began. */
export interface CallStart {
  /** Calls are numbered as they begin, from 1. */
  readonly call: number;
  /** What was known then. */
  readonly since: Revision;
}

/** How often the file is written at most, in milliseconds: what came later is not noticed after a restart. */
const writeEveryMs = 5000;

/**
 * Remembers how far the cluster has been seen, so that one that lost acknowledged revisions is
 * noticed (`design/store.md` §8): in memory, and lazily in a file for the next process.
 */
export class HeadGuard {
  readonly #path: string | undefined;
  #known: EtcdHead | undefined;
  #written: EtcdHead | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #onHead: OnHead;
  #calls = 0;

  /**
   * `onHead` is told of every revision that the cluster, or a watch, was seen at.
   * @throws {UnavailableError} The file is damaged.
   */
  constructor(path: string | undefined, onHead: OnHead = () => {}) {
    this.#path = path;
    this.#onHead = onHead;
    this.#known = path === undefined ? undefined : readHead(path);
    this.#written = this.#known;
  }

  /** The newest revision known; 0 before any is. */
  get revision(): Revision {
    return this.#known?.revision ?? 0;
  }

  /** The cluster's id as 16 hex digits; empty before it is known. */
  get clusterId(): string {
    return this.#known ? formatId(this.#known.clusterId) : "";
  }

  /** The number of the last call that began. */
  get lastCall(): number {
    return this.#calls;
  }

  /** A linearizable call begins. */
  begin(): CallStart {
    this.#calls += 1;
    return { call: this.#calls, since: this.revision };
  }

  /**
   * Notes the header of a linearizable answer.
   * @throws {RevisionsLostError}
   */
  check({ clusterId, revision }: ResponseHeader, { call, since }: CallStart): void {
    this.checkCluster(clusterId);
    if (revision < since) throw this.#lost(since, revision, "it went back");
    this.#note(clusterId, revision);
    this.#onHead(revision, call);
  }

  /** Another cluster has other revisions. @throws {RevisionsLostError} */
  checkCluster(clusterId: bigint): void {
    const known = this.#known;
    if (!known || known.clusterId === clusterId) return;
    const [was, is] = [known.clusterId, clusterId].map((id) => id.toString(16));
    throw this.#lost(known.revision, 0, `it is another cluster, ${is} instead of ${was}`);
  }

  /** Notes a revision that was shown. */
  show(revision: Revision): void {
    if (!this.#known) return;
    this.#note(this.#known.clusterId, revision);
    this.#onHead(revision, 0);
  }

  /** Writes the file now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#path === undefined || !this.#known || this.#known === this.#written) return;
    try {
      writeHead(this.#path, this.#known);
      this.#written = this.#known;
    } catch {
      // A full disk here must not stop the store: the next change tries again.
    }
  }

  #note(clusterId: bigint, revision: Revision): void {
    if (this.#known && this.#known.revision >= revision) return;
    this.#known = { clusterId, revision };
    if (this.#path === undefined) return;
    this.#timer ??= setTimeout(() => this.flush(), writeEveryMs).unref();
  }

  #lost(from: Revision, to: Revision, why: string): RevisionsLostError {
    return new RevisionsLostError({ from, to, why });
  }
}

/** Writes what `readHead` reads. */
export function writeHead(path: string, { clusterId, revision }: EtcdHead): void {
  const next = `${path}.next`;
  const text = JSON.stringify({ clusterId: formatId(clusterId), revision });
  writeFileSync(next, `${text}\n`, { mode: 0o600 });
  renameSync(next, path);
}

function formatId(clusterId: bigint): string {
  return clusterId.toString(16).padStart(16, "0");
}

/** What a file remembers; absent where there is none. @throws {UnavailableError} It is damaged. */
export function readHead(path: string): EtcdHead | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  try {
    const { clusterId, revision } = JSON.parse(text) as Record<string, unknown>;
    if (/^[0-9a-f]{16}$/.test(String(clusterId)) && Number.isSafeInteger(revision)) {
      return { clusterId: BigInt(`0x${String(clusterId)}`), revision: Number(revision) };
    }
  } catch {
    // Told below.
  }
  throw new UnavailableError(
    `Cannot read "${path}", which remembers the newest revision of the store; remove it if the etcd cluster is known to be right`,
  );
}

/** The newest revision that a file remembers; 0 where it remembers none. */
export function rememberedEtcdRevision(path: string): Revision {
  return readHead(path)?.revision ?? 0;
}
