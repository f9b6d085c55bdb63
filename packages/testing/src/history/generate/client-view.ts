import type { Outcome, Request } from "../record/records.ts";
import type { OperationResultText, OperationText, TxnText } from "../record/text.ts";

/** What a client has learnt from the answers that it got: it chooses its next request by that. */
export class ClientView {
  readonly client: string;
  /** How many requests it has made. */
  count: number = 0;
  head: number = 1;
  compacted: number = 0;
  /** Up to here all changes are known to whoever collects them, so that history may be compacted. */
  collected: number = 0;
  /** At which revision a key stood when last seen; 0: absent. */
  readonly modRevisions: Map<string, number> = new Map();
  leases: number[] = [];

  constructor(client: string) {
    this.client = client;
  }

  /** Learns from an answer. */
  note(request: Request, outcome: Outcome): void {
    if (outcome.is === "compacted")
      this.compacted = Math.max(this.compacted, outcome.compacted ?? 0);
    if (outcome.is === "absent" && "lease" in request) this.#forgetLease(request.lease);
    if (outcome.is === "revision") this.head = Math.max(this.head, outcome.revision);
    if (outcome.is === "done") this.#noteDone(request);
    if (request.do === "revoke") this.#forgetLease(request.lease);
    if (outcome.is === "range") {
      this.head = Math.max(this.head, outcome.result.revision);
      for (const kv of outcome.result.kvs) this.modRevisions.set(kv.key, kv.modRevision);
    }
    if (outcome.is !== "txn" || request.do !== "txn") return;
    const { revision, succeeded, results } = outcome.result;
    this.head = Math.max(this.head, revision);
    this.#noteResults(branchOf(request.txn, succeeded), { revision, results });
  }

  #noteDone(request: Request): void {
    if (request.do === "compact") this.compacted = Math.max(this.compacted, request.revision);
    if (request.do === "grant") this.leases.push(request.lease);
  }

  #forgetLease(lease: number): void {
    this.leases = this.leases.filter((other) => other !== lease);
  }

  #noteResults(
    operations: readonly OperationText[],
    answer: { readonly revision: number; readonly results: readonly OperationResultText[] },
  ): void {
    for (const [i, operation] of operations.entries()) {
      const result = answer.results[i];
      if (operation.kind === "put") this.modRevisions.set(operation.key, answer.revision);
      if (operation.kind === "delete") this.modRevisions.set(operation.key, 0);
      if (operation.kind !== "range" || result?.kind !== "range") continue;
      if (result.kvs.length === 0) this.modRevisions.set(operation.key, 0);
      for (const kv of result.kvs) this.modRevisions.set(kv.key, kv.modRevision);
    }
  }
}

function branchOf(txn: TxnText, succeeded: boolean): readonly OperationText[] {
  return succeeded ? txn.success : txn.failure;
}
