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
  /**
   * Whether keys keep the revisions that they have in the image, which they can in a target that has
   * never had any of its own; a store of somebody else's tables gives new ones always. Default: `anew`.
   */
  readonly revisions?: "kept" | "anew";
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
 *
 * Where revisions are kept the head is that of the image, and `compacted` as well.
 */
export class RestoredPlaces {
  readonly epoch: number;
  readonly #first: Revision;
  /** The head, if revisions are kept. */
  readonly #keptHead: Revision | undefined;
  /** Of each revision that is kept, how many keys have it so far. */
  readonly #subs = new Map<Revision, number>();
  #keys = 0;

  constructor(
    target: RestoreTarget,
    header: ImageHeader,
    { acknowledged = 0, revisions }: Pick<RestoreOptions, "acknowledged" | "revisions"> = {},
  ) {
    this.epoch = Math.max(target.epoch, header.epoch) + 1;
    this.#first = Math.max(target.revision, header.revision, acknowledged) + revisionMargin;
    const isNew = target.revision <= 1 && acknowledged <= 1;
    this.#keptHead = revisions === "kept" && isNew ? header.revision : undefined;
  }

  /** How many keys have a place. */
  get keys(): number {
    return this.#keys;
  }

  /** The head after all keys so far. */
  get head(): Revision {
    return this.#keptHead ?? this.#first + Math.ceil(this.#keys / keysPerRevision);
  }

  /** The place of the next key. */
  next({ modRevision }: Pick<KeyValue, "modRevision">): {
    readonly revision: Revision;
    readonly sub: number;
  } {
    const at = this.#keys++;
    if (this.#keptHead !== undefined) {
      const sub = this.#subs.get(modRevision) ?? 0;
      this.#subs.set(modRevision, sub + 1);
      return { revision: modRevision, sub };
    }
    return {
      revision: this.#first + Math.floor(at / keysPerRevision),
      sub: at % keysPerRevision,
    };
  }
}
