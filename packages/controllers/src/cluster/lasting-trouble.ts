import type { MemberTrouble } from "../members/member-trouble.ts";

// A watch that breaks is mostly open again within a moment.
const lastsMs = 3000;

/** Tells trouble that lasts from what is over before anybody could look. */
export class LastingTrouble {
  readonly #since = new Map<string, { readonly reason: string; readonly atMs: number }>();

  /** The trouble of a cluster if it has lasted, or `"pending"` while that is not known. */
  judge(
    cluster: string,
    trouble: MemberTrouble | undefined,
    nowMs: number,
  ): MemberTrouble | "pending" | undefined {
    if (!trouble) {
      this.#since.delete(cluster);
      return undefined;
    }
    const known = this.#since.get(cluster);
    if (known?.reason === trouble.reason) {
      return nowMs - known.atMs >= lastsMs ? trouble : "pending";
    }
    this.#since.set(cluster, { reason: trouble.reason, atMs: nowMs });
    return "pending";
  }
}
