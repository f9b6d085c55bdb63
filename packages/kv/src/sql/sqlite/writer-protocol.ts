import type { LeaseRow } from "../../store/revision-log.ts";
import type { ChangeFrame } from "./change-frame.ts";
import type { MetaRow } from "./sqlite-schema.ts";
import type { WriteOutcome } from "./sqlite-writer.ts";

/** What the writer's thread is asked for. It answers in the same order. */
export type WriterRequest =
  | { readonly kind: "append"; readonly frame: ChangeFrame; readonly token: number }
  | { readonly kind: "raise-compacted"; readonly revision: number }
  | { readonly kind: "put-lease"; readonly lease: LeaseRow }
  | { readonly kind: "remove-lease"; readonly id: number }
  | { readonly kind: "compact-step" }
  | { readonly kind: "close" };

/** What the writer's thread answers; first of all that it has opened the database, or why not. */
export type WriterReply =
  | { readonly kind: "opened"; readonly meta: MetaRow; readonly sizeBytes: number }
  | { readonly kind: "refused"; readonly message: string }
  | {
      readonly kind: "outcome";
      readonly outcome: WriteOutcome;
      /** The frame of an append, back for the next. */
      readonly frame?: ChangeFrame;
    }
  | { readonly kind: "closed" };
