import { isJsonObject, parseJson, StatusError } from "@cellplane/apimachinery";
import { ConnectionError } from "@cellplane/client";
import type { MemberConnection } from "../members/member-connection.ts";
import { codeOfError } from "../members/observed-client.ts";
import { namespaces } from "../shared/resources.ts";
import type { FederationSettings } from "../shared/federation-settings.ts";
import type { Probe } from "./health-verdict.ts";

/**
 * Probes a member: `/healthz` must say ok, `/version` must be readable, and the credential must
 * still be good for a watch (a health check alone passes for anybody).
 */
export async function probeMember(
  connection: MemberConnection,
  { timeoutMs, scope }: { readonly timeoutMs: number; readonly scope: FederationSettings["scope"] },
): Promise<Probe> {
  const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), connection.signal]);
  const get = (path: string): ReturnType<typeof connection.direct.raw> =>
    connection.direct.raw({ method: "GET", path }, signal);
  try {
    const health = await get("/healthz");
    const text = new TextDecoder().decode(health.body).trim();
    if (health.status === 401) return refused();
    if (text.toLowerCase() !== "ok")
      return { kind: "unhealthy", message: `it answered ${health.status}` };
    const version = await get("/version");
    if (version.status === 401) return refused();
    const unseen = await tryWatch(connection, scope, signal);
    return unseen ?? { kind: "healthy", kubernetesVersion: readVersion(version.body) };
  } catch (error) {
    if (error instanceof ConnectionError) return { kind: "unreachable", message: error.message };
    const why = error instanceof Error ? error.message : String(error);
    return {
      kind: "unreachable",
      message: signal.aborted ? `no answer within ${timeoutMs} ms` : why,
    };
  }
}

/** Opens a watch of one object and closes it again. What is wrong, if anything is. */
async function tryWatch(
  connection: MemberConnection,
  scope: FederationSettings["scope"],
  signal: AbortSignal,
): Promise<Probe | undefined> {
  const opened = new AbortController();
  const either = AbortSignal.any([signal, opened.signal]);
  const query = {
    fieldSelector: "metadata.name=kube-system",
    metadataOnly: true,
    timeoutSeconds: 1,
    onOpen: () => opened.abort(),
  };
  try {
    for await (const _ of connection.direct.watch(namespaces, query, either)) break;
    return undefined;
  } catch (error) {
    if (opened.signal.aborted) return undefined;
    const code = codeOfError(error);
    if (code === 401) return refused();
    // What it can watch may be all that it needs to.
    if (code === 403) return connection.isBlind(scope) ? forbidden(error) : undefined;
    // A member that has enough for a moment is not away; it is given fewer requests.
    if (error instanceof StatusError) return undefined;
    throw error;
  }
}

function refused(): Probe {
  return {
    kind: "unhealthy",
    why: "CredentialRefused",
    message: "it refused the credential (401), which has expired or was revoked; join it again",
  };
}

function forbidden(error: unknown): Probe {
  const text = error instanceof Error ? error.message : String(error);
  return {
    kind: "unhealthy",
    why: "CredentialForbidden",
    message: `the credential may list and watch nothing any more (403: ${text})`,
  };
}

function readVersion(body: Uint8Array): string {
  const value = parseJson(new TextDecoder().decode(body));
  const version = isJsonObject(value) ? value["gitVersion"] : undefined;
  return typeof version === "string" ? version : "";
}
