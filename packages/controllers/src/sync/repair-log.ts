import {
  conflictOf,
  type FieldConflict,
  noteRepair,
  type RepairHistory,
} from "@cellplane/federation";

/** What had to be repaired in members lately, so that no fight over a field goes on for ever. */
export class RepairLog {
  readonly #histories = new Map<string, Map<string, RepairHistory>>();

  /** The conflict that the repairs of an object in a member amount to, if they do. */
  conflictIn(key: string, member: string, nowMs: number): FieldConflict | undefined {
    return conflictOf(this.#histories.get(key)?.get(member), nowMs);
  }

  /** Notes a repair that was written. */
  note(
    key: string,
    member: string,
    repair: { readonly hash: string; readonly field: string; readonly nowMs: number },
  ): void {
    const members = this.#histories.get(key) ?? new Map<string, RepairHistory>();
    members.set(member, noteRepair(members.get(member), repair));
    this.#histories.set(key, members);
  }

  /** Forgets an object that is gone. */
  forget(key: string): void {
    this.#histories.delete(key);
  }
}
