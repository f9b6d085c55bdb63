import type { AuditEvent } from "../e2e/audit-log.ts";
import type { RecordedWrite } from "./write-recorder.ts";

const operations: Readonly<Record<string, RecordedWrite["operation"]>> = {
  create: "CREATE",
  update: "UPDATE",
  patch: "UPDATE",
  delete: "DELETE",
};
const controlPlaneAccount = /^system:serviceaccount:kube-federation-system:cellplane-/;

/**
 * Writes that a member's audit log tells of, and that were not recorded with their bytes, in words:
 * none, or the oracle has not seen all there is.
 */
export function findUnrecorded(
  events: readonly AuditEvent[],
  writes: readonly RecordedWrite[],
): readonly string[] {
  const open = new Map<string, number>();
  for (const { operation, resource, namespace, name } of writes) {
    const key = keyOf(operation, { resource, namespace, name });
    open.set(key, (open.get(key) ?? 0) + 1);
  }
  const missing: string[] = [];
  for (const { stage, verb, user, objectRef, responseStatus } of events) {
    const operation = operations[verb];
    if (stage !== "ResponseComplete" || !operation || !objectRef) continue;
    if (!controlPlaneAccount.test(user.username ?? "")) continue;
    // Who asks what one may do writes nothing; nor does what was refused.
    if (objectRef.resource.endsWith("reviews") || (responseStatus?.code ?? 500) >= 300) continue;
    const { resource, namespace = "", name = "" } = objectRef;
    const key = keyOf(operation, { resource, namespace, name });
    const left = open.get(key) ?? 0;
    if (left === 0) missing.push(key);
    open.set(key, left - 1);
  }
  return missing;
}

function keyOf(
  operation: string,
  { resource, namespace, name }: Pick<RecordedWrite, "resource" | "namespace" | "name">,
): string {
  // A namespace lies in itself, or in none.
  return `${operation} ${resource} ${resource === "namespaces" ? "" : namespace}/${name}`;
}
