import type { FieldSet } from "./field-set.ts";
import { differenceFields, isEmptyFieldSet } from "./field-set.ts";
import { listFieldPaths } from "./field-set-codec.ts";
import type { Manager, Managers } from "./managers.ts";
import { formatFieldPath } from "./path-element.ts";

/** One manager that owns what an apply would change. */
export interface ApplyConflict {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string;
  /** The manager as messages name it, e.g. `"m" with subresource "scale" using apps/v1`. */
  readonly description: string;
  /** Paths such as `.spec.items[name="a"].v`. */
  readonly fields: readonly string[];
}

/** The conflicts, sorted as Kubernetes sorts managers. */
export function describeConflicts(
  managers: Managers,
  conflicts: ReadonlyMap<string, FieldSet>,
): readonly ApplyConflict[] {
  return Array.from(conflicts)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([id, fields]) => {
      const manager = managers.get(id);
      return manager ? [describe(manager, fields)] : [];
    });
}

/** Conflicts without those about allowed fields. */
export function withoutAllowed(
  conflicts: ReadonlyMap<string, FieldSet>,
  allowed: FieldSet,
): ReadonlyMap<string, FieldSet> {
  const remaining = new Map<string, FieldSet>();
  for (const [id, fields] of conflicts) {
    const rest = differenceFields(fields, allowed);
    if (!isEmptyFieldSet(rest)) remaining.set(id, rest);
  }
  return remaining;
}

/** `Apply failed with 1 conflict: conflict with "m1": .data.a`, or a list for several. */
export function formatConflicts(conflicts: readonly ApplyConflict[]): string {
  const count = conflicts.reduce((sum, { fields }) => sum + fields.length, 0);
  const [first] = conflicts;
  if (count === 1 && first) {
    return `Apply failed with 1 conflict: conflict with ${first.description}: ${first.fields.join("")}`;
  }
  const lines = conflicts.flatMap(({ description, fields }) => [
    `conflicts with ${description}:`,
    ...fields.map((field) => `- ${field}`),
  ]);
  return `Apply failed with ${count} conflicts: ${lines.join("\n")}`;
}

function describe(of: Manager, fields: FieldSet): ApplyConflict {
  const { manager, operation, apiVersion, subresource } = of;
  const via = subresource === "" ? "" : ` with subresource ${JSON.stringify(subresource)}`;
  const using = operation === "Update" ? ` using ${apiVersion}` : "";
  return {
    manager,
    operation,
    apiVersion,
    subresource,
    description: `${JSON.stringify(manager)}${via}${using}`,
    fields: listFieldPaths(fields).map(formatFieldPath),
  };
}
