import { createReadStream, statSync } from "node:fs";
import { createInterface } from "node:readline";

interface AuditLine {
  readonly stage: string;
  readonly verb: string;
  readonly user?: { readonly username?: string };
  readonly objectRef?: { readonly resource?: string };
}

/** Where the log ends now. */
export function logEnd(file: string): number {
  return statSync(file).size;
}

// The account by which a control plane is known to its members.
const memberAccount = "system:serviceaccount:kube-federation-system:";

/** Counts what a user, by default the control plane, asked of a server since a place in its audit log, by verb. */
export async function countRequests(
  file: string,
  start: number,
  user: string = memberAccount,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for await (const line of createInterface({ input: createReadStream(file, { start }) })) {
    // The last line may still be incomplete.
    if (!line.endsWith("}")) continue;
    const { stage, verb, user: by, objectRef } = JSON.parse(line) as AuditLine;
    if (stage !== "ResponseComplete") continue;
    if (!by?.username?.startsWith(user)) continue;
    const key = `${verb} ${objectRef?.resource ?? "(no resource)"}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
