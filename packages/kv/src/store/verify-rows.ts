import type { KeyText } from "./key-text.ts";
import type { Revision } from "./mvcc-store.ts";
import type { LogChange, LogPosition } from "./revision-log.ts";
import { RowCursor } from "./row-cursor.ts";
import { Findings, type VerifyReport } from "./verify-report.ts";

/** The head of a log, as its tables have it. */
export interface VerifiedMeta {
  readonly driver: string;
  readonly revision: Revision;
  readonly compacted: Revision;
  readonly epoch: number;
  readonly token: number;
}

/** A row of the log by its place. */
export interface LogPlace extends LogPosition {
  readonly token: number;
}

/** A row of the log without its value, or a current row. */
export type VerifyRow = Omit<LogChange, "value" | "previous">;

/** A current row. */
export type CurrentRow = Pick<
  LogChange,
  "key" | "revision" | "sub" | "createRevision" | "version" | "lease"
>;

/** A key that a lease holds. */
export interface Attachment {
  readonly lease: number;
  readonly key: KeyText;
}

/** All rows of a store, from one snapshot. */
export interface VerifySource {
  readonly meta: VerifiedMeta;
  /** Ids of the leases that there are. */
  readonly leases: ReadonlySet<number>;
  /** The log by revision and sub. */
  places(): AsyncIterable<readonly LogPlace[]>;
  /** The log by key, revision and sub. */
  rowsByKey(): AsyncIterable<readonly VerifyRow[]>;
  /** Current rows by key. */
  current(): AsyncIterable<readonly CurrentRow[]>;
  /** Where the driver keeps them: by key. */
  attachments?(): AsyncIterable<readonly Attachment[]>;
}

/** How far a verification is. */
export interface VerifyProgress {
  readonly pass: "log" | "keys";
  readonly rows: number;
}

const proved = [
  "revisions are gapless from compacted to the head",
  "the head is the last row of the log, or compacted",
  "each live key has one current row, which is its newest row of the log",
  "creation revisions and versions go on from row to row",
  "each kept change above compacted has the row that it replaced",
  "each key with a lease has one that exists",
];

/** Reads all rows once by revision and once by key, in bounded memory, and tells what is wrong. */
export async function verifyRows(
  source: VerifySource,
  findings: Findings,
  onProgress: (progress: VerifyProgress) => void = () => undefined,
): Promise<VerifyReport> {
  checkMeta(source.meta, findings);
  const changes = await checkPlaces(source, findings, onProgress);
  const keys = await new KeyChecks(source, findings, onProgress).run();
  const { driver, revision, compacted, epoch } = source.meta;
  return {
    driver,
    revision,
    compacted,
    epoch,
    changes,
    keys,
    leases: source.leases.size,
    wrong: findings.count,
    findings: findings.kept,
    proved,
  };
}

function checkMeta({ revision, compacted, epoch }: VerifiedMeta, findings: Findings): void {
  if (!(revision >= 1)) findings.add(`the head is revision ${revision}`);
  if (compacted > revision || compacted < 0) {
    findings.add(`compacted is ${compacted}, and the head is ${revision}`);
  }
  if (!(epoch >= 1)) findings.add(`the epoch is ${epoch}`);
}

async function checkPlaces(
  source: VerifySource,
  findings: Findings,
  onProgress: (progress: VerifyProgress) => void,
): Promise<number> {
  const { meta } = source;
  let last: LogPlace = { revision: 0, sub: 0, token: 0 };
  let rows = 0;
  for await (const page of source.places()) {
    for (const place of page) {
      checkPlace(place, last, { meta, findings });
      last = place;
    }
    rows += page.length;
    onProgress({ pass: "log", rows });
  }
  checkEnd(last, meta, findings);
  return rows;
}

function checkPlace(
  place: LogPlace,
  last: LogPlace,
  { meta, findings }: { readonly meta: VerifiedMeta; readonly findings: Findings },
): void {
  const { revision, sub, token } = place;
  if (revision > meta.revision) {
    findings.add(`a change stands beyond the head, which is ${meta.revision}`, { revision });
  }
  if (revision === last.revision) {
    if (token !== last.token) findings.add("its changes are of different batches", { revision });
    if (revision >= meta.compacted && sub !== last.sub + 1) {
      findings.add(`a change is missing between the ${last.sub}th and the ${sub}th`, { revision });
    }
    return;
  }
  if (revision >= meta.compacted && sub !== 0) {
    findings.add(`its first changes are missing: the log has them from the ${sub}th on`, {
      revision,
    });
  }
  const expected = Math.max(last.revision, meta.compacted, 1) + 1;
  if (revision > expected) {
    findings.add(`the log has a gap: ${spanText(expected, revision - 1)} missing`, { revision });
  }
}

function checkEnd(last: LogPlace, meta: VerifiedMeta, findings: Findings): void {
  const { revision, compacted } = meta;
  const reached = Math.max(last.revision, compacted, 1);
  if (reached < revision) {
    findings.add(`the log ends before the head: ${spanText(reached + 1, revision)} missing`, {
      revision,
    });
  }
  if (last.revision === revision && last.token !== meta.token) {
    findings.add("the head was made by another batch than its changes", { revision });
  }
}

function spanText(from: Revision, to: Revision): string {
  return from === to ? `revision ${from} is` : `revisions ${from} to ${to} are`;
}

/** Joins the log by key with the current rows. */
class KeyChecks {
  readonly #source: VerifySource;
  readonly #findings: Findings;
  readonly #onProgress: (progress: VerifyProgress) => void;
  readonly #current: RowCursor<CurrentRow>;
  readonly #attached: RowCursor<Attachment> | undefined;
  #keys = 0;

  constructor(
    source: VerifySource,
    findings: Findings,
    onProgress: (progress: VerifyProgress) => void,
  ) {
    this.#source = source;
    this.#findings = findings;
    this.#onProgress = onProgress;
    this.#current = new RowCursor(source.current());
    this.#attached = source.attachments && new RowCursor(source.attachments());
  }

  /** Tells how many live keys there are. */
  async run(): Promise<number> {
    let before: VerifyRow | undefined;
    let rows = 0;
    for await (const page of this.#source.rowsByKey()) {
      for (const row of page) {
        if (before && before.key !== row.key) {
          await this.#checkNewest(before);
          before = undefined;
        }
        this.#checkChain(row, before);
        before = row;
      }
      this.#onProgress({ pass: "keys", rows: (rows += page.length) });
    }
    if (before) await this.#checkNewest(before);
    await this.#currentUpTo(undefined);
    await this.#attachedUpTo(undefined);
    await this.#current.close();
    await this.#attached?.close();
    return this.#keys;
  }

  #checkChain(row: VerifyRow, before: VerifyRow | undefined): void {
    const { revision, key, previousRevision, previousSub } = row;
    const where = { revision, key };
    this.#checkNumbers(row);
    const isBefore =
      before?.revision === previousRevision && before.sub === previousSub && previousRevision > 0;
    if (isBefore) return this.#checkCounters(row, before);
    if (revision < this.#source.meta.compacted) return;
    if (previousRevision > 0) {
      const found = before
        ? `the row before it is of revision ${before.revision}`
        : "there is none";
      this.#findings.add(
        `it replaced the row of revision ${previousRevision}, and ${found}`,
        where,
      );
    } else if (before?.kind === "put") {
      this.#findings.add(
        `it says that the key was absent, and there is a row of revision ${before.revision}`,
        where,
      );
    } else if (row.kind === "delete") {
      this.#findings.add("it deletes a key that was absent", where);
    } else if (row.version !== 1 || row.createRevision !== revision) {
      this.#findings.add(
        `it creates the key with version ${row.version} and creation revision ${row.createRevision}`,
        where,
      );
    }
  }

  #checkNumbers(row: VerifyRow): void {
    const { kind, revision, key, createRevision, version } = row;
    if (kind === "delete") return;
    if (version >= 1 && createRevision >= 1 && createRevision <= revision) return;
    this.#findings.add(`its version is ${version} and its creation revision ${createRevision}`, {
      revision,
      key,
    });
  }

  #checkCounters(row: VerifyRow, before: VerifyRow): void {
    const { revision, key } = row;
    if (before.kind === "delete") {
      this.#findings.add("it names a deletion as the row that it replaced", { revision, key });
      return;
    }
    if (row.kind === "delete") return;
    if (row.version !== before.version + 1) {
      this.#findings.add(`its version is ${row.version} after ${before.version}`, {
        revision,
        key,
      });
    }
    if (row.createRevision !== before.createRevision) {
      this.#findings.add(
        `its creation revision is ${row.createRevision}, and was ${before.createRevision}`,
        { revision, key },
      );
    }
  }

  async #checkNewest(newest: VerifyRow): Promise<void> {
    const { key, revision } = newest;
    await this.#currentUpTo(key);
    const current = await this.#current.peek();
    const isLive = current?.key === key;
    if (newest.kind === "delete") {
      if (!isLive) return;
      this.#findings.add("a current row is there although the key is deleted", { revision, key });
    } else if (!isLive) {
      this.#findings.add("the key is live, and has no current row", { revision, key });
    }
    if (!isLive) return;
    this.#current.skip();
    if (newest.kind === "put") this.#checkCurrent(current, newest);
    await this.#checkLease(current);
  }

  #checkCurrent(current: CurrentRow, newest: VerifyRow): void {
    for (const name of ["revision", "sub", "createRevision", "version", "lease"] as const) {
      if (current[name] === newest[name]) continue;
      this.#findings.add(
        `the current row has ${wordOf[name]} ${current[name]}, and the newest row of the log ${newest[name]}`,
        { revision: newest.revision, key: newest.key },
      );
    }
  }

  /** Current rows before a key have no row in the log. */
  async #currentUpTo(key: KeyText | undefined): Promise<void> {
    for (;;) {
      const current = await this.#current.peek();
      if (!current || (key !== undefined && current.key >= key)) return;
      this.#findings.add("a current row has no row in the log", {
        revision: current.revision,
        key: current.key,
      });
      this.#current.skip();
      await this.#checkLease(current);
    }
  }

  async #checkLease({ key, revision, lease }: CurrentRow): Promise<void> {
    this.#keys++;
    if (lease !== 0 && !this.#source.leases.has(lease)) {
      this.#findings.add(`it has the lease ${lease}, which does not exist`, { revision, key });
    }
    if (!this.#attached) return;
    await this.#attachedUpTo(key);
    let isAttached = false;
    for (
      let row = await this.#attached.peek();
      row?.key === key;
      row = await this.#attached.peek()
    ) {
      this.#attached.skip();
      if (row.lease === lease) isAttached = true;
      else this.#findings.add(`lease ${row.lease} holds it, and it has lease ${lease}`, { key });
    }
    if (lease !== 0 && !isAttached) {
      this.#findings.add(`it has the lease ${lease}, which does not hold it`, { revision, key });
    }
  }

  /** What leases hold before a key is not live. */
  async #attachedUpTo(key: KeyText | undefined): Promise<void> {
    for (;;) {
      const row = await this.#attached?.peek();
      if (!row || (key !== undefined && row.key >= key)) return;
      this.#findings.add(`lease ${row.lease} holds it, and it is not live`, { key: row.key });
      this.#attached?.skip();
    }
  }
}

const wordOf = {
  revision: "revision",
  sub: "place",
  createRevision: "creation revision",
  version: "version",
  lease: "lease",
} as const;
