import { KvError } from "./kv-error.ts";
import type { Revision } from "./mvcc-store.ts";

/** A restore's target holds something, and nobody has said that it may be replaced. */
export class TargetNotEmptyError extends KvError {
  override readonly name = "TargetNotEmptyError";

  constructor(what: string, has: { readonly keys: number; readonly revision: Revision }) {
    super(
      `Cannot restore into "${what}" as it holds ${has.keys} keys at revision ${has.revision}; give --force to replace them`,
    );
  }
}
