import type {
  EventText,
  RangeResultText,
  RangeText,
  TxnResultText,
  TxnText,
  WatchText,
} from "./text.ts";

/** What a client asks for. */
export type Request =
  | { readonly do: "txn"; readonly txn: TxnText }
  | { readonly do: "range"; readonly range: RangeText }
  | { readonly do: "head" }
  | { readonly do: "compact"; readonly revision: number }
  | { readonly do: "grant"; readonly lease: number; readonly ttlSeconds: number }
  | { readonly do: "revoke"; readonly lease: number }
  | { readonly do: "keepAlive"; readonly lease: number };

/** What came of it. */
export type Outcome =
  | { readonly is: "txn"; readonly result: TxnResultText }
  | { readonly is: "range"; readonly result: RangeResultText }
  /** A head that was read, or a lease that was revoked by then. */
  | { readonly is: "revision"; readonly revision: number }
  | { readonly is: "done" }
  /** There is no such lease. */
  | { readonly is: "absent" }
  | { readonly is: "compacted"; readonly compacted?: number }
  | { readonly is: "future" }
  /** Surely without effect. */
  | { readonly is: "refused"; readonly why: string }
  /** With effect, now or later, or without. */
  | { readonly is: "unknown"; readonly why: string }
  /** The store says that acknowledged writes are gone. */
  | { readonly is: "lost"; readonly why: string };

/** What the checker may hold a store to. */
export interface Setting {
  readonly store: string;
  readonly seed: number;
  /** Several processes share the data, and notice each other's changes a moment later. */
  readonly isShared: boolean;
  /** As etcd does: an event lacks its previous value where that is compacted. */
  readonly mayLackPrevious: boolean;
}

/** A line of a history. Times are microseconds of the machine's monotonic clock. */
export type HistoryRecord =
  | ({ readonly t: "setting" } & Setting)
  | {
      readonly t: "call";
      readonly c: string;
      readonly n: number;
      readonly at: number;
      /** The process that the client is in, and the store that it uses. */
      readonly p: string;
      readonly label: string;
      readonly q: Request;
    }
  | {
      readonly t: "return";
      readonly c: string;
      readonly n: number;
      readonly at: number;
      readonly o: Outcome;
    }
  | {
      readonly t: "watch";
      readonly w: string;
      readonly at: number;
      readonly p: string;
      readonly q: WatchText;
    }
  /** The watch stands: what is written from now on, it shows. */
  | { readonly t: "opened"; readonly w: string; readonly at: number }
  | {
      readonly t: "events";
      readonly w: string;
      readonly at: number;
      readonly r: number;
      readonly e: readonly EventText[];
    }
  | { readonly t: "progress"; readonly w: string; readonly at: number; readonly r: number }
  | {
      readonly t: "end";
      readonly w: string;
      readonly at: number;
      readonly why: "closed" | "compacted" | "broken" | "stuck";
      readonly error?: string;
    }
  /** After the last operation: where the store stood, and what it held. */
  | {
      readonly t: "final";
      readonly at: number;
      readonly result: RangeResultText;
      readonly compacted: number;
    }
  | { readonly t: "fault"; readonly at: number; readonly what: string };

/** Microseconds of the clock that all processes of the machine share. */
export function nowUs(): number {
  return Number(process.hrtime.bigint()) / 1000;
}
