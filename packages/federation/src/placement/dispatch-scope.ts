import type { MemberName } from "./select-members.ts";

/** What a federated object asks for, and where it is found now. */
export interface DispatchView {
  readonly placed: ReadonlySet<MemberName>;
  /** Absent: every member may change. Empty: none may. */
  readonly mask: ReadonlySet<MemberName> | undefined;
  /** Members where the object, or an entry of its ledger, stands. */
  readonly present: ReadonlySet<MemberName>;
}

/** Where one reconcile may write. The sets are disjoint and cover placed ∪ present. */
export interface DispatchScope {
  /** Create or update: placement ∩ mask. */
  readonly apply: ReadonlySet<MemberName>;
  /** Delete: out of placement, inside the mask. */
  readonly withdraw: ReadonlySet<MemberName>;
  /** In placement, outside the mask: no change, but for the repair that Pin asks for. */
  readonly hold: ReadonlySet<MemberName>;
  /** Out of placement, outside the mask: left until the mask lets it go. */
  readonly linger: ReadonlySet<MemberName>;
}

/** Decides, for every member concerned, which row of design/federation.md §4 it is in. */
export function computeDispatchScope({ placed, mask, present }: DispatchView): DispatchScope {
  const scope = {
    apply: new Set<MemberName>(),
    withdraw: new Set<MemberName>(),
    hold: new Set<MemberName>(),
    linger: new Set<MemberName>(),
  };
  for (const member of placed.union(present)) {
    const open = mask === undefined || mask.has(member);
    if (placed.has(member)) scope[open ? "apply" : "hold"].add(member);
    else scope[open ? "withdraw" : "linger"].add(member);
  }
  return scope;
}
