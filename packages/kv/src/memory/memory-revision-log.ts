import { randomBytes } from "node:crypto";
import { isInSpan, type KeySpan, type KeyText } from "../store/key-text.ts";
import type { Revision } from "../store/mvcc-store.ts";
import type {
  ChangesPage,
  ChangesRequest,
  LeaseRow,
  LeaseRows,
  LogChange,
  LogHead,
  LogPosition,
  LogTurn,
  RevisionLog,
} from "../store/revision-log.ts";

/** Revisions looked at in one step of compaction. */
const revisionsPerStep = 1000;

/** What a log begins with that is not empty. */
export interface MemoryStart {
  readonly head: LogHead;
  /** The newest row of each live key, in key order, all at or below `compacted`. */
  readonly rows: readonly LogChange[];
  readonly leases: readonly LeaseRow[];
}

/** The contract in its plainest form: a map from revision to its changes. */
export class MemoryRevisionLog implements RevisionLog {
  readonly driver = "memory";
  readonly head: LogHead;
  readonly keepsValues = true;
  /** The store keeps them in memory anyway. */
  readonly leases: LeaseRows;
  readonly #start: MemoryStart;
  /** Each revision's changes by `sub`; compaction leaves holes. */
  readonly #log = new Map<Revision, (LogChange | undefined)[]>();
  #last: Revision = 1;
  #compacted: Revision = 0;
  /** The first revision that compaction has not looked at. */
  #position: Revision = 2;
  #bytes = 0;

  readonly #turn: LogTurn = {
    foreign: [],
    commit: (changes) => this.#append(changes),
    abandon: () => undefined,
  };

  constructor(start: MemoryStart = { head: emptyHead(), rows: [], leases: [] }) {
    this.#start = start;
    this.head = start.head;
    this.leases = { all: () => start.leases, put: () => undefined, remove: () => undefined };
    this.#append(start.rows);
    this.#last = start.head.revision;
    this.#compacted = start.head.compacted;
    this.#position = Math.max(2, start.head.compacted);
  }

  liveKeys(): Iterable<readonly LogChange[]> {
    return [this.#start.rows];
  }

  begin(): LogTurn {
    return this.#turn;
  }

  rows(positions: readonly LogPosition[]): readonly (LogChange | undefined)[] {
    return positions.map(({ revision, sub }) => this.#log.get(revision)?.[sub]);
  }

  changes({ from, to, maxChanges, maxBytes }: ChangesRequest): ChangesPage {
    const changes: LogChange[] = [];
    let bytes = 0;
    for (let revision = from; revision <= to; revision++) {
      for (const change of this.#log.get(revision) ?? []) {
        if (!change) continue;
        changes.push(change);
        bytes += change.value?.length ?? 0;
      }
      if (changes.length >= maxChanges || bytes >= maxBytes) return { changes, through: revision };
    }
    return { changes, through: to };
  }

  firstChangesAfter(span: KeySpan, revision: Revision): readonly LogChange[] {
    const first = new Map<KeyText, LogChange>();
    for (let at = revision + 1; at <= this.#last; at++) {
      for (const change of this.#log.get(at) ?? []) {
        if (change && isInSpan(change.key, span) && !first.has(change.key)) {
          first.set(change.key, change);
        }
      }
    }
    return [...first.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  raiseCompacted(revision: Revision): void {
    this.#compacted = revision;
  }

  compactStep(): "done" | "more" {
    const end = Math.min(this.#compacted, this.#position + revisionsPerStep);
    for (; this.#position < end; this.#position++) {
      for (const change of this.#log.get(this.#position) ?? []) {
        if (!change) continue;
        // The key's row before this one, and a deletion itself, can no longer be asked for.
        this.#remove(change.previousRevision, change.previousSub);
        if (change.kind === "delete") this.#remove(change.revision, change.sub);
      }
    }
    return this.#position < this.#compacted ? "more" : "done";
  }

  sizeBytes(): number {
    return this.#bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#log.clear();
  }

  #append(changes: readonly LogChange[]): void {
    for (const change of changes) {
      const same = this.#log.get(change.revision);
      if (same) same.push(change);
      else this.#log.set(change.revision, [change]);
      this.#last = change.revision;
      this.#bytes += sizeOf(change);
    }
  }

  #remove(revision: Revision, sub: number): void {
    const changes = this.#log.get(revision);
    const change = changes?.[sub];
    if (!changes || !change) return;
    this.#bytes -= sizeOf(change);
    changes[sub] = undefined;
    if (changes.every((other) => !other)) this.#log.delete(revision);
  }
}

function emptyHead(): LogHead {
  return { revision: 1, compacted: 0, clusterId: randomBytes(8).toString("hex") };
}

function sizeOf(change: LogChange): number {
  return change.key.length + (change.value?.length ?? 0);
}
