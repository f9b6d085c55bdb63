import { isStatus } from "@cellplane/apimachinery";
import { type FederatedObject, kubefed } from "@cellplane/federation";
import { componentOf } from "../events/event-recorder.ts";
import type { SyncDependencies, SyncedType } from "./sync-dependencies.ts";

type FinalizerDependencies = Pick<SyncDependencies, "client" | "recorder">;

/**
 * Adds or removes the finalizer, on the very state that was decided upon.
 *
 * @returns The object as stored, or nothing where it is gone or has changed: then the watch brings it again.
 */
export async function setFinalizer(
  object: FederatedObject,
  change: "add" | "remove",
  { type, deps }: { readonly type: SyncedType; readonly deps: FinalizerDependencies },
  signal: AbortSignal,
): Promise<FederatedObject | undefined> {
  const { name = "", namespace, resourceVersion, finalizers = [] } = object.metadata;
  const others = finalizers.filter((each) => each !== kubefed.syncFinalizer);
  const wanted = change === "add" ? [...others, kubefed.syncFinalizer] : others;
  const body = { metadata: { resourceVersion, finalizers: wanted } };
  const path = namespace === undefined ? type.path : { ...type.path, namespace };
  try {
    const stored = await deps.client.patch(path, name, { type: "merge", body }, {}, signal);
    if (change === "add") type.objects.record(stored);
    return stored;
  } catch (error) {
    if (isStatus(error, "NotFound") || isStatus(error, "Conflict")) return undefined;
    if (change === "add" && !signal.aborted) tellFailure(object, type, deps, error);
    throw error;
  }
}

// KubeFed's reason (reference §2.2): without the finalizer nothing may be written anywhere.
function tellFailure(
  object: FederatedObject,
  { typeConfig }: SyncedType,
  { recorder }: FinalizerDependencies,
  error: unknown,
): void {
  const { kind } = typeConfig.federatedType;
  const why = error instanceof Error ? error.message : String(error);
  const message = `Failed to ensure the finalizer of ${kind} ${JSON.stringify(object.metadata.name)}: ${why}`;
  const reason = "EnsureFinalizerError";
  recorder.record(object, { type: "Warning", reason, message, component: componentOf(kind) });
}
