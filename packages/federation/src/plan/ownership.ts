import type { KubernetesObject } from "@cellplane/apimachinery";
import { kubefed } from "../api/names.ts";
import { type Bookkeeping, parseSource, readBookkeeping, type Source } from "../template/source.ts";

/** Whose a member object is. */
export type Ownership =
  /** `book` is absent on objects that KubeFed wrote. */
  | { readonly kind: "ours"; readonly book: Bookkeeping | undefined }
  | { readonly kind: "another"; readonly owner: Source | undefined; readonly text: string }
  /** Nobody's: it was there before federation. */
  | { readonly kind: "unmanaged" }
  /** Labelled `kubefed.io/managed: "false"`: management is refused. */
  | { readonly kind: "refused" };

/** Says whose a member object is; `source` is what ours would carry. */
export function ownershipOf(live: KubernetesObject, source: string): Ownership {
  const managed = live.metadata.labels?.[kubefed.managedLabel];
  if (managed === "false") return { kind: "refused" };
  const book = readBookkeeping(live.metadata);
  if (book === undefined) {
    return managed === "true" ? { kind: "ours", book } : { kind: "unmanaged" };
  }
  if (book.source === source) return { kind: "ours", book };
  return { kind: "another", owner: parseSource(book.source), text: book.source };
}

/** The owner in words, for messages: never more than what the object itself tells. */
export function describeOwner(owner: Source | undefined, text: string, ownId: string): string {
  if (owner === undefined) return JSON.stringify(text);
  const name = owner.namespace === "" ? owner.name : `${owner.namespace}/${owner.name}`;
  const where = owner.controlPlaneId === ownId ? "" : ` of control plane ${owner.controlPlaneId}`;
  return `${owner.kind} ${JSON.stringify(name)} (${owner.member})${where}`;
}
