import type { Revision } from "./mvcc-store.ts";

/** What an accepted loss has made of the store. */
export interface AcceptedLoss {
  readonly epoch: number;
  readonly from: Revision;
  readonly to: Revision;
}
