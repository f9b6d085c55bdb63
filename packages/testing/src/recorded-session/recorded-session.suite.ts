import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSession, type SessionLine } from "./session-line.ts";

const shared =
  process.env["CELLPLANE_SHARED"] ??
  fileURLToPath(new URL("../../../../../shared", import.meta.url));

/** The session of a kube-apiserver 1.36 with etcd, from the shared folder. */
export function readRecordedSession(): readonly SessionLine[] {
  return readSession(join(shared, "reference", "data", "etcd-session-1.36.jsonl.gz"));
}

/** How many answers a session has: one for each call, and those on streams. */
export function countAnswers(lines: readonly SessionLine[]): number {
  return lines.filter(({ event }) => event === undefined || event === "response").length;
}
