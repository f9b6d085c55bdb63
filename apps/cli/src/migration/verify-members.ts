import type { KubernetesObject } from "@cellplane/apimachinery";
import { abortableDelay } from "@cellplane/client";
import { annotations } from "@cellplane/federation";
import { federatedPath } from "../types/type-configs.ts";
import type { ControlPlaneState } from "./control-plane-state.ts";
import { type MigrationContext, type MigrationRequest, needed } from "./migration-context.ts";
import { inWords, isNamespaces, type MigrationItem } from "./plan-migration.ts";
import { readMembers } from "./read-members.ts";

const settlePollMs = 500;

/**
 * Waits until the control plane has looked at what was released, and reads the members once more:
 * whatever it had written would bear its mark.
 */
export async function verifyMembers(
  { timeoutMs }: MigrationRequest,
  context: MigrationContext,
  tell: (text: string) => void,
): Promise<void> {
  const here = needed(context.here);
  const confirmed = needed(context.confirmed);
  const signal = AbortSignal.timeout(timeoutMs);
  for (;;) {
    const pending = await countUnsettled(confirmed, here);
    tell(`${confirmed.length - pending} of ${confirmed.length} looked at since`);
    if (pending === 0 || signal.aborted) break;
    await abortableDelay(settlePollMs, AbortSignal.timeout(settlePollMs * 2));
  }
  await readMembers(context);
  const written = confirmed.flatMap((item) => writtenIn(item, context));
  if (written.length === 0) return;
  const notes = written.map((where) => `Warning: written to by this control plane: ${where}`);
  const report = needed(context.report);
  context.report = { ...report, notes: [...report.notes, ...notes] };
}

/** Copies whose newest generation the control plane has not looked at yet. */
async function countUnsettled(
  items: readonly MigrationItem[],
  { client }: ControlPlaneState,
): Promise<number> {
  const configs = new Map(items.map(({ config }) => [config.metadata.name ?? "", config]));
  let pending = 0;
  for (const [type, config] of configs) {
    if (config.spec.propagation === "Disabled") continue;
    const list = await client.list(federatedPath(config));
    const names = new Set(
      items
        .filter((item) => item.config.metadata.name === type)
        .map(({ source }) => keyOf(source.object)),
    );
    pending += list.items.filter((each) => names.has(keyOf(each)) && !isSettled(each)).length;
  }
  return pending;
}

function isSettled({ metadata, status }: KubernetesObject): boolean {
  const { observedGeneration = 0 } = (status ?? {}) as { readonly observedGeneration?: number };
  return observedGeneration >= (metadata.generation ?? 0);
}

/** Members whose copy bears a mark of this control plane: the first write puts it there. */
function writtenIn(
  { source, config }: MigrationItem,
  context: MigrationContext,
): readonly string[] {
  const { id } = needed(context.here);
  const { name = "", namespace } = source.object.metadata;
  const isBare = isNamespaces(config) || namespace === undefined;
  const key = isBare ? name : `${namespace}/${name}`;
  return Array.from(needed(context.members)).flatMap(([member, reading]) => {
    const found = reading.observe(config.metadata.name ?? "", key);
    if (found.kind !== "present") return [];
    const mark = found.object.metadata.annotations?.[annotations.source] ?? "";
    return mark.startsWith(`${id}/`) ? [`${inWords(source.object)} in ${member}`] : [];
  });
}

function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name ?? ""}`;
}
