import { readFile } from "node:fs/promises";

/** What of an audit event the tests look at. */
export interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly auditID?: string;
  readonly user: { readonly username?: string };
  readonly impersonatedUser?: { readonly username?: string; readonly groups?: readonly string[] };
  readonly objectRef?: {
    readonly resource: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly subresource?: string;
    readonly apiGroup?: string;
  };
  readonly responseStatus?: { readonly code: number };
}

const writeVerbs = new Set(["create", "update", "patch", "delete", "deletecollection"]);
const memberAccount = /^system:serviceaccount:kube-federation-system:cellplane-/;

/** Which writes are meant: of a resource in a namespace, and of one object if it is named. */
export interface WritePlace {
  readonly resource: string;
  readonly namespace: string;
  readonly name?: string;
}

/** Reads an audit log; a line that is still being written is left for later. */
export async function readAuditLog(path: string): Promise<readonly AuditEvent[]> {
  const text = await readFile(path, "utf8");
  const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as AuditEvent);
}

/** The writes that a control plane made in a member, as it was answered; refused ones count, too. */
export function findWrites(
  events: readonly AuditEvent[],
  place: WritePlace,
): readonly AuditEvent[] {
  return events.filter(
    ({ stage, verb, user, objectRef }) =>
      stage === "ResponseComplete" &&
      writeVerbs.has(verb) &&
      memberAccount.test(user.username ?? "") &&
      objectRef?.resource === place.resource &&
      objectRef.namespace === place.namespace &&
      (place.name === undefined || objectRef.name === place.name),
  );
}

/** Writes that were let through, by verb. */
export function countVerbs(events: readonly AuditEvent[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { verb, responseStatus } of events) {
    if ((responseStatus?.code ?? 500) < 300) counts[verb] = (counts[verb] ?? 0) + 1;
  }
  return counts;
}
