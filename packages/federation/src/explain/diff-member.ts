import {
  isJsonArray,
  isJsonEqual,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import { isBookkeeping } from "../template/annotation-policy.ts";
import { maskSecrets } from "./mask-secret.ts";

/** One object in three states; absent where there is none, or where it is not known. */
export interface MemberStates {
  readonly lastWritten: KubernetesObject | undefined;
  readonly live: KubernetesObject | undefined;
  readonly toApply: KubernetesObject | undefined;
}

/** One field that differs between two states. */
export interface FieldChange {
  /** JSON pointer. */
  readonly path: string;
  readonly change: "added" | "removed" | "changed";
}

/** The three states without what no user writes, and what differs between them. */
export interface ThreeWayDiff extends MemberStates {
  /** From what was last written to what is live: who changed the member. */
  readonly changedInMember: readonly FieldChange[];
  /** From what is live to what would be applied. */
  readonly toChange: readonly FieldChange[];
  /** JSON pointers of changes made in the member that the next write undoes. */
  readonly overwrites: readonly string[];
}

/** Compares the three states of a member object; values of Secrets are masked. */
export function diffMember(states: MemberStates): ThreeWayDiff {
  const plain = [states.lastWritten, states.live, states.toApply].map(
    (state) => state && withoutBookkeeping(state),
  );
  const isSecret = plain.some((state) => state?.kind === "Secret");
  const [lastWritten, live, toApply] = isSecret ? maskSecrets(plain) : plain;
  const changedInMember = lastWritten ? changesBetween(lastWritten, live) : [];
  const toChange = live || toApply ? changesBetween(live, toApply) : [];
  const changed = new Set(changedInMember.map(({ path }) => path));
  const overwrites = toChange.map(({ path }) => path).filter((path) => changed.has(path));
  return { lastWritten, live, toApply, changedInMember, toChange, overwrites };
}

/**
 * A rendering laid over what is live, where the member cannot be asked what it would store: what
 * the rendering does not mention stays.
 */
export function overlayObject(
  live: KubernetesObject,
  rendered: KubernetesObject,
): KubernetesObject {
  return overlay(live as JsonObject, rendered as JsonObject) as KubernetesObject;
}

function overlay(live: JsonValue | undefined, rendered: JsonValue): JsonValue {
  if (isJsonObject(live) && isJsonObject(rendered)) {
    const merged: Record<string, JsonValue | undefined> = { ...live };
    for (const [key, value] of Object.entries(rendered)) {
      if (value !== undefined) merged[key] = overlay(live[key], value);
    }
    return merged;
  }
  if (isJsonArray(live) && isJsonArray(rendered) && live.length === rendered.length) {
    return rendered.map((item, index) => overlay(live[index], item));
  }
  return rendered;
}

// What the server sets by itself, and what tells of our own writes.
const serverMetadata: ReadonlySet<string> = new Set([
  "managedFields",
  "resourceVersion",
  "uid",
  "generation",
  "creationTimestamp",
  "selfLink",
]);

function withoutBookkeeping(object: KubernetesObject): KubernetesObject {
  const { status: _, metadata, apiVersion, kind, ...rest } = object;
  const { annotations = {}, ...others } = metadata;
  const kept = Object.entries(annotations).filter(([key]) => !isBookkeeping(key));
  const shown = Object.entries(others).filter(([key]) => !serverMetadata.has(key));
  return {
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(kind === undefined ? {} : { kind }),
    metadata: {
      ...Object.fromEntries(shown),
      ...(kept.length === 0 ? {} : { annotations: Object.fromEntries(kept) }),
    },
    ...rest,
  };
}

function changesBetween(
  before: KubernetesObject | undefined,
  after: KubernetesObject | undefined,
): readonly FieldChange[] {
  return changesIn(before as JsonObject | undefined, after as JsonObject | undefined, "");
}

function changesIn(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  path: string,
): readonly FieldChange[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [{ path, change: "added" }];
  if (after === undefined) return [{ path, change: "removed" }];
  if (isJsonObject(before) && isJsonObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return Array.from(keys).flatMap((key) =>
      changesIn(before[key], after[key], `${path}/${escapePart(key)}`),
    );
  }
  if (isJsonArray(before) && isJsonArray(after) && before.length === after.length) {
    return before.flatMap((item, index) => changesIn(item, after[index], `${path}/${index}`));
  }
  return isJsonEqual(before, after) ? [] : [{ path, change: "changed" }];
}

function escapePart(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
