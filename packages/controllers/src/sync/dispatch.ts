import { isStatus, type KubernetesObject, type JsonObject } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import type {
  MemberObjectRef,
  SyncOperation,
  TopologyDecision,
  TopologyStatusName,
} from "@cellplane/federation";
import type { MemberConnection } from "../members/member-connection.ts";
import { parseApiVersion } from "./parse-api-version.ts";

/** What became of one write. */
export type WriteResult =
  | { readonly kind: "none" }
  | { readonly kind: "written"; readonly object: KubernetesObject }
  /** The object is gone, or let go. */
  | { readonly kind: "removed" }
  /** The object was deleted, and goes once its finalizers have run. */
  | { readonly kind: "removing" }
  /** The member has something under this name that the cache did not show. */
  | { readonly kind: "collided"; readonly object: KubernetesObject }
  /** Dropped before it was sent: the federated object is newer than the plan. */
  | { readonly kind: "stale" }
  | { readonly kind: "failed"; readonly status: TopologyStatusName; readonly message: string };

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
  const { isCurrent } = context;
  const { client } = context.connection;
  if (operation.kind === "none" || !target) return { kind: "none" };
  if (!isCurrent()) return { kind: "stale" };
  const path = pathOf(target);
  try {
    switch (operation.kind) {
      case "create":
        return await createObject(path, operation, context, signal);
      case "update":
        return { kind: "written", object: await client.update(path, operation.object, {}, signal) };
      case "delete":
        return await remove(client, path, target.name, operation.options, signal);
      case "release": {
        const patch = { type: "merge", body: operation.patch } as const;
        await client.patch(path, target.name, patch, {}, signal);
        return { kind: "removed" };
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    if (isGone(error, operation.kind)) return { kind: "removed" };
    return { kind: "failed", status: failures[operation.kind], message: messageOf(error) };
  }
}

const failures = {
  create: "CreationFailed",
  update: "UpdateFailed",
  delete: "DeletionFailed",
  release: "LabelRemovalFailed",
} as const;

type CreateOperation = Extract<SyncOperation, { readonly kind: "create" }>;

async function createObject(
  path: ResourcePath,
  operation: CreateOperation,
  context: DispatchContext,
  signal: AbortSignal,
): Promise<WriteResult> {
  const { namespaces, client } = context.connection;
  const { namespace } = operation;
  if (namespace) {
    const outcome = await namespaces.ensure(namespace, context.adoption, signal);
    if (outcome.kind === "foreign") {
      return { kind: "failed", status: "AlreadyOwned", message: outcome.message };
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

function pathOf(target: MemberObjectRef): ResourcePath {
  const { group, version } = parseApiVersion(target.apiVersion);
  const { resource, namespace } = target;
  return { group, version, resource, ...(namespace === undefined ? {} : { namespace }) };
}

function isGone(error: unknown, operation: string): boolean {
  return isStatus(error, "NotFound") && (operation === "delete" || operation === "release");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
