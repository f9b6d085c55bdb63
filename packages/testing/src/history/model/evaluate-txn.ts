import type {
  CompareText,
  KeyValueText,
  OperationResultText,
  OperationText,
  TxnResultText,
  TxnText,
} from "../record/text.ts";
import { evaluateRange } from "./evaluate-range.ts";
import { compareText, isInRange, type Change, type KeyView, type Timelines } from "./timelines.ts";

/** What a transaction comes to. */
export interface Evaluated {
  readonly result: TxnResultText;
  readonly changes: readonly Change[];
}

/** Which branch is taken, settled for nested transactions too before anything runs, as in etcd. */
interface Path {
  readonly succeeded: boolean;
  readonly operations: readonly OperationText[];
  readonly nested: ReadonlyMap<OperationText, Path>;
}

/** Evaluates a transaction as the next one after a revision, by etcd's rules. */
export function evaluateTxn(request: TxnText, after: number, timelines: Timelines): Evaluated {
  const draft = new Draft(timelines.at(after), after + 1);
  const path = choosePath(request, draft);
  const { succeeded, results } = runPath(path, draft, timelines);
  const { changes } = draft;
  return {
    result: { succeeded, results, revision: after + (changes.length > 0 ? 1 : 0) },
    changes,
  };
}

/** The keys while a transaction runs: what it has written lies over what was. */
class Draft implements KeyView {
  readonly #base: KeyView;
  readonly #revision: number;
  readonly #written = new Map<string, KeyValueText | undefined>();
  readonly changes: Change[] = [];

  constructor(base: KeyView, revision: number) {
    this.#base = base;
    this.#revision = revision;
  }

  get revisionNow(): number {
    return this.changes.length > 0 ? this.#revision : this.#revision - 1;
  }

  get(key: string): KeyValueText | undefined {
    return this.#written.has(key) ? this.#written.get(key) : this.#base.get(key);
  }

  list(range: { readonly key: string; readonly end?: string }): readonly KeyValueText[] {
    const base = this.#base.list(range);
    if (this.#written.size === 0) return base;
    const written = Array.from(this.#written).filter(([key]) => isInRange(key, range));
    return base
      .filter(({ key }) => !this.#written.has(key))
      .concat(written.flatMap(([, kv]) => (kv ? [kv] : [])))
      .sort((a, b) => compareText(a.key, b.key));
  }

  put(key: string, value: string, lease: number): KeyValueText | undefined {
    const previous = this.get(key);
    this.#write(key, previous, {
      key,
      value,
      lease,
      createRevision: previous?.createRevision ?? this.#revision,
      modRevision: this.#revision,
      version: (previous?.version ?? 0) + 1,
    });
    return previous;
  }

  delete(previous: KeyValueText): void {
    this.#write(previous.key, previous, undefined);
  }

  #write(key: string, previous: KeyValueText | undefined, kv: KeyValueText | undefined): void {
    this.#written.set(key, kv);
    this.changes.push({ key, revision: this.#revision, kv, previous });
  }
}

function choosePath(request: TxnText, view: KeyView): Path {
  const succeeded = request.compare.every((compare) => holds(compare, view));
  const operations = succeeded ? request.success : request.failure;
  const nested = new Map<OperationText, Path>();
  for (const operation of operations) {
    if (operation.kind === "txn") nested.set(operation, choosePath(operation, view));
  }
  return { succeeded, operations, nested };
}

function runPath(path: Path, draft: Draft, timelines: Timelines): TxnResultText {
  const results = path.operations.map((operation) => {
    const inner = path.nested.get(operation);
    if (inner) return { kind: "txn" as const, ...runPath(inner, draft, timelines) };
    return runOperation(operation, draft, timelines);
  });
  return { succeeded: path.succeeded, revision: draft.revisionNow, results };
}

function runOperation(
  operation: OperationText,
  draft: Draft,
  timelines: Timelines,
): OperationResultText {
  switch (operation.kind) {
    case "range": {
      const view = operation.revision ? timelines.at(operation.revision) : draft;
      return { kind: "range", revision: draft.revisionNow, ...evaluateRange(operation, view) };
    }
    case "put": {
      const kept = draft.get(operation.key);
      const value = operation.ignoreValue ? (kept?.value ?? "") : operation.value;
      const lease = operation.ignoreLease ? (kept?.lease ?? 0) : (operation.lease ?? 0);
      const previous = draft.put(operation.key, value, lease);
      return operation.previous && previous ? { kind: "put", previous } : { kind: "put" };
    }
    case "delete": {
      const rows = draft.list(operation);
      for (const row of rows) draft.delete(row);
      return { kind: "delete", deleted: rows.length, previous: operation.previous ? rows : [] };
    }
    default:
      throw new Error("A nested transaction has a path of its own");
  }
}

function holds(compare: CompareText, view: KeyView): boolean {
  const rows = view.list(compare);
  if (rows.length === 0) return holdsFor(compare, undefined);
  return rows.every((row) => holdsFor(compare, row));
}

function holdsFor(compare: CompareText, kv: KeyValueText | undefined): boolean {
  const { target, operand } = compare;
  // A missing key has no value, so nothing can be said of it.
  if (target === "value") return kv !== undefined && matches(compare, kv.value, String(operand));
  const numbers = {
    version: kv?.version ?? 0,
    create: kv?.createRevision ?? 0,
    mod: kv?.modRevision ?? 0,
    lease: kv?.lease ?? 0,
  };
  return matches(compare, numbers[target], Number(operand));
}

function matches<T extends string | number>({ result }: CompareText, left: T, right: T): boolean {
  switch (result) {
    case "equal":
      return left === right;
    case "notEqual":
      return left !== right;
    case "greater":
      return left > right;
    default:
      return left < right;
  }
}
