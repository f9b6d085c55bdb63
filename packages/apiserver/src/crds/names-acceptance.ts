import { isJsonEqual, type JsonValue } from "@cellplane/apimachinery";
import {
  acceptedNamesOf,
  conditionOf,
  type CrdCondition,
  type CrdNames,
  type CrdStatus,
  type CustomResourceDefinition,
} from "./custom-resource-definition.ts";

/** Names taken in a group, by the accepted names of its CRDs. */
interface TakenNames {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

interface Conflict {
  readonly reason: string;
  readonly message: string;
}

/**
 * The status that a CRD should have: its names are accepted one by one as far as no other CRD of
 * the group has them; once all are, it is established and stays so. The same object comes back
 * where nothing changes. `others` are the CRDs of its group; `now` is RFC 3339.
 */
export function acceptNames(
  crd: CustomResourceDefinition,
  others: readonly CustomResourceDefinition[],
  now: string,
): CustomResourceDefinition {
  const { accepted, conflict } = decideNames(crd, takenBy([...others, crd]));
  const conditions = [
    ...(conflict ? [namesRefused(conflict)] : [namesAccepted]),
    ...decideEstablished(crd, conflict !== undefined),
  ];
  const changed = conditions.some((condition) => !isEquivalent(condition, crd));
  if (!changed && isSame(accepted, acceptedNamesOf(crd))) return crd;
  const status: CrdStatus = {
    conditions: crd.status?.conditions ?? [],
    storedVersions: crd.status?.storedVersions ?? [],
    acceptedNames: accepted,
  };
  let next: CustomResourceDefinition = { ...crd, status };
  for (const condition of conditions) next = setCondition(next, condition, now);
  return next;
}

/** Sets a condition; the time changes with the status only. */
export function setCondition(
  crd: CustomResourceDefinition,
  condition: CrdCondition,
  now: string,
): CustomResourceDefinition {
  const conditions = crd.status?.conditions ?? [];
  const old = conditions.find(({ type }) => type === condition.type);
  const keepsTime = old?.status === condition.status && old.lastTransitionTime !== undefined;
  const { type, status, reason, message } = condition;
  const updated: CrdCondition = {
    type,
    status,
    lastTransitionTime: keepsTime ? (old.lastTransitionTime ?? now) : now,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  };
  const next = old
    ? conditions.map((each) => (each === old ? updated : each))
    : [...conditions, updated];
  const rest = {
    acceptedNames: acceptedNamesOf(crd),
    storedVersions: crd.status?.storedVersions ?? [],
  };
  return { ...crd, status: { conditions: next, ...rest } };
}

const namesAccepted: CrdCondition = {
  type: "NamesAccepted",
  status: "True",
  reason: "NoConflicts",
  message: "no conflicts found",
};

function namesRefused({ reason, message }: Conflict): CrdCondition {
  return { type: "NamesAccepted", status: "False", reason, message };
}

function decideEstablished(
  crd: CustomResourceDefinition,
  isRefused: boolean,
): readonly CrdCondition[] {
  const old = conditionOf(crd, "Established");
  if (old?.status === "True") return [];
  if (!isRefused)
    return [
      {
        type: "Established",
        status: "True",
        reason: "InitialNamesAccepted",
        message: "the initial names have been accepted",
      },
    ];
  if (old) return [];
  return [
    {
      type: "Established",
      status: "False",
      reason: "NotAccepted",
      message: "not all names are accepted",
    },
  ];
}

function decideNames(
  crd: CustomResourceDefinition,
  taken: TakenNames,
): { readonly accepted: CrdNames; readonly conflict: Conflict | undefined } {
  const wanted = crd.spec.names;
  const held = acceptedNamesOf(crd);
  const own = new Set(held.shortNames);
  const clash = (name: string, old: string, names: ReadonlySet<string>): string | undefined =>
    name !== old && names.has(name) ? `${JSON.stringify(name)} is already in use` : undefined;
  const single = (name: "plural" | "singular" | "kind" | "listKind"): string | undefined =>
    clash(
      wanted[name] ?? "",
      held[name] ?? "",
      name === "kind" || name === "listKind" ? taken.kinds : taken.resources,
    );
  const clashes = {
    plural: single("plural"),
    singular: single("singular"),
    shortNames: joinProblems(
      (wanted.shortNames ?? [])
        .filter((name) => !own.has(name))
        .flatMap((name) => clash(name, "", taken.resources) ?? []),
    ),
    kind: single("kind"),
    listKind: single("listKind"),
  };
  const take = <Name extends keyof typeof clashes>(name: Name): CrdNames[Name] =>
    clashes[name] === undefined ? wanted[name] : held[name];
  const conflicts = Object.entries(clashes).flatMap(([name, message]) =>
    message === undefined
      ? []
      : [{ reason: `${name.slice(0, 1).toUpperCase()}${name.slice(1)}Conflict`, message }],
  );
  return { accepted: namesFrom(take, wanted.categories), conflict: conflicts.at(-1) };
}

function namesFrom(
  take: <Name extends "plural" | "singular" | "shortNames" | "kind" | "listKind">(
    name: Name,
  ) => CrdNames[Name],
  categories: readonly string[] | undefined,
): CrdNames {
  const singular = take("singular");
  const shortNames = take("shortNames");
  const listKind = take("listKind");
  return {
    plural: take("plural"),
    ...(singular ? { singular } : {}),
    ...(shortNames ? { shortNames } : {}),
    kind: take("kind"),
    ...(listKind ? { listKind } : {}),
    ...(categories ? { categories } : {}),
  };
}

// Several problems are printed in brackets, as Kubernetes prints an aggregate.
function joinProblems(problems: readonly string[]): string | undefined {
  const unique = Array.from(new Set(problems));
  return unique.length > 1 ? `[${unique.join(", ")}]` : unique[0];
}

function takenBy(crds: readonly CustomResourceDefinition[]): TakenNames {
  const names = crds.map(acceptedNamesOf);
  return {
    resources: new Set(
      names.flatMap(({ plural, singular, shortNames }) => [
        plural,
        singular ?? "",
        ...(shortNames ?? []),
      ]),
    ),
    kinds: new Set(names.flatMap(({ kind, listKind }) => [kind, listKind ?? ""])),
  };
}

function isEquivalent(condition: CrdCondition, crd: CustomResourceDefinition): boolean {
  const old = conditionOf(crd, condition.type);
  return (
    old?.status === condition.status &&
    old.reason === condition.reason &&
    old.message === condition.message
  );
}

function isSame(left: CrdNames, right: CrdNames): boolean {
  return isJsonEqual(left as unknown as JsonValue, right as unknown as JsonValue);
}
