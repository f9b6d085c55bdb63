import { isStatus, type JsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import { ConnectionError, type ResourcePath, type RestClient } from "@cellplane/client";
import type {
  MemberObjectRef,
  SyncOperation,
  TopologyDecision,
  WriteOutcome,
} from "@cellplane/federation";
import type { MemberConnection } from "../members/member-connection.ts";
import { MemberBusyError } from "../members/write-gate.ts";
import { parseApiVersion } from "../shared/parse-api-version.ts";

/** What became of one write. */
export type WriteResult =
  | WriteOutcome
  /** The member has something under this name that the cache did not show. */
  | { readonly kind: "collided"; readonly object: KubernetesObject };

/** How to write. */
export interface DispatchContext {
  readonly connection: MemberConnection;
  readonly adoption: "adopt" | "refuse";
  /** Whether the plan is still the newest; asked right before each write. */
  readonly isCurrent: () => boolean;
}

/** Performs one decision's write in its member. Rejects only when `signal` aborts. */
export async function dispatch(
  decision: TopologyDecision,
  context: DispatchContext,
  signal: AbortSignal,
): Promise<WriteResult> {
  const { operation, target } = decision;
  if (operation.kind === "none" || !target) return { kind: "none" };
  if (!context.isCurrent()) return { kind: "stale" };
  try {
    // What waited for its turn may have been overtaken meanwhile.
    return await context.connection.gate.run(async () => {
      if (!context.isCurrent()) return { kind: "stale" };
      return perform(operation, target, context, signal);
    }, ticketOf(target));
  } catch (error) {
    signal.throwIfAborted();
    if (isGone(error, operation.kind)) return { kind: "removed" };
    const message = error instanceof Error ? error.message : String(error);
    if (!isLate(error)) return { kind: "failed", message };
    const turn = error instanceof MemberBusyError ? error.retryAfterMs : undefined;
    return { kind: "timedOut", message, ...(turn === undefined ? {} : { retryAfterMs: turn }) };
  }
}

async function perform(
  operation: Exclude<SyncOperation, { readonly kind: "none" }>,
  target: MemberObjectRef,
  context: DispatchContext,
  signal: AbortSignal,
): Promise<WriteResult> {
  const { direct: client } = context.connection;
  const path = pathOf(target);
  switch (operation.kind) {
    case "create":
      return createObject(path, operation, context, signal);
    case "update":
      return { kind: "written", object: await client.update(path, operation.object, {}, signal) };
    case "delete":
      return remove(client, path, target.name, operation.options, signal);
    case "release": {
      const patch = { type: "merge", body: operation.patch } as const;
      await client.patch(path, target.name, patch, {}, signal);
      return { kind: "removed" };
    }
  }
}

type CreateOperation = Extract<SyncOperation, { readonly kind: "create" }>;

async function createObject(
  path: ResourcePath,
  operation: CreateOperation,
  context: DispatchContext,
  signal: AbortSignal,
): Promise<WriteResult> {
  const { namespaces, direct: client } = context.connection;
  const { namespace } = operation;
  if (namespace) {
    const outcome = await namespaces.ensure(namespace, context.adoption, signal);
    if (outcome.kind === "foreign") {
      return { kind: "failed", status: outcome.status, message: outcome.message };
    }
    if (!context.isCurrent()) return { kind: "stale" };
  }
  try {
    return { kind: "written", object: await client.create(path, operation.object, {}, signal) };
  } catch (error) {
    if (isStatus(error, "AlreadyExists")) {
      const name = operation.object.metadata.name ?? "";
      return { kind: "collided", object: await client.get(path, name, signal) };
    }
    if (isStatus(error, "NotFound")) namespaces.forget(namespace?.metadata.name ?? "");
    throw error;
  }
}

async function remove(
  client: RestClient,
  path: ResourcePath,
  name: string,
  options: JsonObject,
  signal: AbortSignal,
): Promise<WriteResult> {
  const answer = await client.delete(path, name, options, signal);
  // A Status says that it is gone; an object, that it is on its way.
  return answer.kind === "Status" ? { kind: "removed" } : { kind: "removing" };
}

function ticketOf({ apiVersion, kind, namespace = "", name }: MemberObjectRef): string {
  return `${apiVersion} ${kind} ${namespace}/${name}`;
}

function pathOf(target: MemberObjectRef): ResourcePath {
  const { group, version } = parseApiVersion(target.apiVersion);
  const { resource, namespace } = target;
  return { group, version, resource, ...(namespace === undefined ? {} : { namespace }) };
}

function isGone(error: unknown, operation: string): boolean {
  return isStatus(error, "NotFound") && (operation === "delete" || operation === "release");
}

function isLate(error: unknown): boolean {
  if (error instanceof MemberBusyError) return true;
  return error instanceof ConnectionError && error.code === "ETIMEDOUT";
}
