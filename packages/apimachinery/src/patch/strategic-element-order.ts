import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import type { SchemaNode } from "../schema/schema-node.ts";
import { formatGoValue } from "./format-go-value.ts";
import { getMember, type JsonObjectDraft, setMember } from "./json-members.ts";
import { withoutDirectives } from "./strategic-directives.ts";
import { badDirective, badType, noMergeKey, unmergeable } from "./strategic-errors.ts";
import { type MergeItem, patchList, requireOneType } from "./strategic-list.ts";
import { keyOf, orderMergedList } from "./strategic-order.ts";

const orderPrefix = "$setElementOrder";

/** A map that is being merged. */
export interface ElementOrderInput {
  /** Its members so far; lists with a `$setElementOrder` are set in it. */
  readonly merged: JsonObjectDraft;
  readonly patch: JsonObject;
  /** The schema of the map. */
  readonly schema: SchemaNode | undefined;
  readonly mergeItem: MergeItem;
}

/**
 * Merges every list for which the patch has a `$setElementOrder`, and puts it in that order.
 * Returns the members of the patch that are done with.
 */
export function applyElementOrder(input: ElementOrderInput): ReadonlySet<string> {
  const handled = new Set<string>();
  for (const directive of Object.keys(input.patch)) {
    const order = input.patch[directive];
    if (!directive.startsWith(orderPrefix) || order === undefined) continue;
    handled.add(directive);
    if (!isJsonArray(order)) throw badType("[]interface {}", order);
    if (!directive.startsWith(`${orderPrefix}/`)) throw badDirective("setElementOrder list");
    const name = directive.slice(orderPrefix.length + 1);
    if (setOrder(input, name, order)) handled.add(name);
  }
  return handled;
}

function setOrder(input: ElementOrderInput, name: string, order: readonly JsonValue[]): boolean {
  const live = listOf(getMember(input.merged, name));
  const patch = listOf(getMember(input.patch, name));
  const schema = input.schema?.properties.get(name);
  const mergeKey = schema?.patchMergeKey;
  checkOrder({ patch: patch ?? [], order, mergeKey });
  if (live === undefined && patch === undefined) return false;
  const merged =
    live === undefined
      ? newList(patch ?? [])
      : patch === undefined
        ? live
        : patchList({ live, patch, schema, mergeItem: input.mergeItem });
  requireOneType(live ?? [], patch ?? []);
  const ordered = orderMergedList({ merged, patchOrder: order, liveOrder: live ?? [], mergeKey });
  setMember(input.merged, name, ordered);
  return true;
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] | undefined {
  if (value === undefined || isJsonArray(value)) return value;
  throw badType("[]interface {}", value);
}

interface OrderCheck {
  readonly patch: readonly JsonValue[];
  readonly order: readonly JsonValue[];
  readonly mergeKey: string | undefined;
}

// The patch's items must come in the order that it asks for. Deletions do not count, and neither do
// other directives, but for those after the last item in that order.
function checkOrder({ patch, order, mergeKey }: OrderCheck): void {
  if (patch.length === 0 || order.length === 0) return;
  const items = patch.filter((item) => directiveOf(item) !== "delete");
  let at = 0;
  for (const place of order) {
    while (directiveOf(items[at]) !== undefined) at += 1;
    const item = items[at];
    if (item === undefined) return;
    if (requireKey(item, mergeKey) === requireKey(place, mergeKey)) at += 1;
  }
  if (at >= items.length) return;
  throw unmergeable(
    `The order in patch list:\n${formatGoValue(patch)}\n doesn't match ${orderPrefix} list:\n${formatGoValue(order)}\n`,
  );
}

function requireKey(item: JsonValue, mergeKey: string | undefined): JsonValue | undefined {
  if (mergeKey === undefined) return item;
  if (!isJsonObject(item)) throw badType("map[string]interface {}", item);
  const key = keyOf(item, mergeKey);
  if (key === undefined) throw noMergeKey(item, mergeKey);
  return key;
}

function newList(patch: readonly JsonValue[]): readonly JsonValue[] {
  return patch.map(withoutDirectives).filter((item) => item !== undefined);
}

function directiveOf(item: JsonValue | undefined): JsonValue | undefined {
  return isJsonObject(item) ? getMember(item, "$patch") : undefined;
}
