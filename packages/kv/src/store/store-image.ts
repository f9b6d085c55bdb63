import type { KeyValue, Lease, Revision } from "./mvcc-store.ts";

/** How far beyond everything ever acknowledged a restored store, or one whose loss was accepted, goes on. */
export const revisionMargin: Revision = 1_000_000;

/** Where an image of a store comes from. */
export interface ImageHeader {
  /** The driver that it was taken from. */
  readonly driver: string;
  /** 16 hex digits, or empty where the source has none. */
  readonly clusterId: string;
  /** 0 where the source has none. */
  readonly epoch: number;
  /** All keys are as of this revision. */
  readonly revision: Revision;
  /** The tables' schema; 0 where the source has none. */
  readonly schema: number;
  /** Keys, as far as known beforehand: for progress. */
  readonly keys: number;
  /** Milliseconds since 1970. */
  readonly takenAtMs: number;
}

/** A part of an image: leases, live keys page by page in key order, and leases that came meanwhile. */
export type ImagePart =
  | { readonly kind: "keys"; readonly kvs: readonly KeyValue[] }
  | { readonly kind: "leases"; readonly leases: readonly Lease[] };

/** A whole store at one revision. */
export interface StoreImage {
  readonly header: ImageHeader;
  readonly parts: AsyncIterable<ImagePart>;
}

/** What to do with a target that holds something. */
export type WhenNotEmpty = "refuse" | "replace";

/** How to restore. */
export interface RestoreOptions {
  readonly whenNotEmpty: WhenNotEmpty;
  /** The newest revision known to have been acknowledged by the target, where that is known. */
  readonly acknowledged?: Revision;
  /** Called after each part that was taken in. */
  readonly onProgress?: (keys: number) => void;
}

/** What a restore has made of its target. */
export interface RestoreOutcome {
  readonly epoch: number;
  /** The head, which is `compacted` as well. */
  readonly revision: Revision;
  readonly keys: number;
  readonly leases: number;
  /** The head before. */
  readonly from: Revision;
  /** Keys that were there before. */
  readonly replaced: number;
}

/** The head of a store that is to be replaced. */
export interface RestoreTarget {
  readonly epoch: number;
  readonly revision: Revision;
}

/** Keys that share a revision in a restored log. */
const keysPerRevision = 1000;

/**
 * Gives restored keys their places: revisions beyond everything that was ever acknowledged, by the
 * target or by the source, so that no number that a client remembers can be taken for a new one.
 * Creation revisions and versions stay. The head is one beyond the last key, and `compacted`: a
 * watch can begin there, and has nothing to miss.
 */
export class RestoredPlaces {
  readonly epoch: number;
  readonly #first: Revision;
  #keys = 0;

  constructor(target: RestoreTarget, header: ImageHeader, acknowledged: Revision = 0) {
    this.epoch = Math.max(target.epoch, header.epoch) + 1;
    this.#first = Math.max(target.revision, header.revision, acknowledged) + revisionMargin;
  }

  /** How many keys have a place. */
  get keys(): number {
    return this.#keys;
  }

  /** The head after all keys so far. */
  get head(): Revision {
    return this.#first + Math.ceil(this.#keys / keysPerRevision);
  }

  /** The place of the next key. */
  next(): { readonly revision: Revision; readonly sub: number } {
    const at = this.#keys++;
    return {
      revision: this.#first + Math.floor(at / keysPerRevision),
      sub: at % keysPerRevision,
    };
  }
}
