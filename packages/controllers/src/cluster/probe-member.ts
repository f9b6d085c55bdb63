import { isJsonObject, parseJson } from "@cellplane/apimachinery";
import { ConnectionError } from "@cellplane/client";
import type { MemberConnection } from "../members/member-connection.ts";
import type { Probe } from "./health-verdict.ts";

/**
 * Probes a member: `/healthz` must say ok, `/version` must be readable, and the credential must
 * still be accepted (a health check alone passes for anybody).
 */
export async function probeMember(connection: MemberConnection, timeoutMs: number): Promise<Probe> {
  const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), connection.signal]);
  const get = (path: string): ReturnType<typeof connection.client.raw> =>
    connection.client.raw({ method: "GET", path }, signal);
  try {
    const health = await get("/healthz");
    const text = new TextDecoder().decode(health.body).trim();
    if (health.status === 401) return refused();
    if (text.toLowerCase() !== "ok")
      return { kind: "unhealthy", message: `it answered ${health.status}` };
    const version = await get("/version");
    if (version.status === 401) return refused();
    return { kind: "healthy", kubernetesVersion: readVersion(version.body) };
  } catch (error) {
    if (error instanceof ConnectionError) return { kind: "unreachable", message: error.message };
    const why = error instanceof Error ? error.message : String(error);
    return {
      kind: "unreachable",
      message: signal.aborted ? `no answer within ${timeoutMs} ms` : why,
    };
  }
}

function refused(): Probe {
  return {
    kind: "unhealthy",
    message: "it refused the credential (401), which has expired or was revoked; join it again",
  };
}

function readVersion(body: Uint8Array): string {
  const value = parseJson(new TextDecoder().decode(body));
  const version = isJsonObject(value) ? value["gitVersion"] : undefined;
  return typeof version === "string" ? version : "";
}
