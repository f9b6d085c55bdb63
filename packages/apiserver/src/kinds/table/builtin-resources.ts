import { readFileSync } from "node:fs";

/** A group of `/apis`, with its versions in the order of preference. */
export interface BuiltinGroup {
  readonly name: string;
  readonly versions: readonly string[];
}

/** A subresource of a built-in resource; its kind may be one of another group. */
export interface BuiltinSubresourceRow {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  /** Whether discovery tells group and version, because they are not those of the resource. */
  readonly namesGroupVersion: boolean;
}

/** A built-in resource in one version. */
export interface BuiltinResourceRow {
  readonly group: string;
  readonly version: string;
  /** Plural. */
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** In the order of discovery. */
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** Absent for what is not stored. */
  readonly storageVersionHash: string | undefined;
  readonly subresources: readonly BuiltinSubresourceRow[];
}

/** Groups and resources of the API server itself, as `resources.txt` has them. */
interface ResourceTable {
  readonly groups: readonly BuiltinGroup[];
  readonly rows: readonly BuiltinResourceRow[];
}

const allVerbs = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];

let table: ResourceTable | undefined;

/** The groups, in the order in which `/apis` lists them. The core group is not among them. */
export function builtinGroups(): readonly BuiltinGroup[] {
  return loadTable().groups;
}

/** Every resource in each of its versions, group by group, sorted within a group version. */
export function builtinResources(): readonly BuiltinResourceRow[] {
  return loadTable().rows;
}

function loadTable(): ResourceTable {
  table ??= parseResourceTable(readFileSync(new URL("resources.txt", import.meta.url), "utf8"));
  return table;
}

/**
 * Reads the text of `resources.txt`, line by line: `group <name> <versions>`; `in <group version>`
 * for what follows; `<plural> <Kind> <singular> <scope> <verbs>` with `*` for the eight usual verbs,
 * then `short=`, `in=` (categories), `hash=` (of the storage version); and for a subresource of
 * the line before `/<name> [<group>/<version>/]<Kind> <verbs>`.
 */
export function parseResourceTable(text: string): ResourceTable {
  const groups: BuiltinGroup[] = [];
  const rows: BuiltinResourceRow[] = [];
  let subresources: BuiltinSubresourceRow[] = [];
  let place = { group: "", version: "" };
  for (const line of text.split("\n")) {
    const [first = "", ...rest] = line.split(" ");
    if (first === "group") groups.push({ name: rest[0] ?? "", versions: listOf(rest[1]) });
    else if (first === "in") place = parsePlace(rest[0] ?? "");
    else if (first.startsWith("/")) subresources.push(parseSubresource(first, rest, place));
    else if (first !== "") {
      subresources = [];
      rows.push({ ...place, resource: first, ...parseRow(rest), subresources });
    }
  }
  return { groups, rows };
}

type RowContent = Omit<BuiltinResourceRow, "group" | "version" | "resource" | "subresources">;

function parseRow(words: readonly string[]): RowContent {
  const [kind = "", singular = "", scope, verbs, ...rest] = words;
  const marked = (mark: string): string | undefined =>
    rest.find((word) => word.startsWith(mark))?.slice(mark.length);
  return {
    singular,
    kind,
    namespaced: scope === "namespaced",
    verbs: verbs === "*" ? allVerbs : listOf(verbs),
    shortNames: listOf(marked("short=")),
    categories: listOf(marked("in=")),
    storageVersionHash: marked("hash="),
  };
}

function parseSubresource(
  first: string,
  [kindPath = "", verbs]: readonly string[],
  place: { readonly group: string; readonly version: string },
): BuiltinSubresourceRow {
  const parts = kindPath.split("/");
  const [group = "", version = "", kind = ""] =
    parts.length === 3 ? parts : [place.group, place.version, kindPath];
  return {
    name: first.slice(1),
    group,
    version,
    kind,
    verbs: listOf(verbs),
    namesGroupVersion: parts.length === 3,
  };
}

function parsePlace(groupVersion: string): { readonly group: string; readonly version: string } {
  const [first = "", second] = groupVersion.split("/");
  return second === undefined ? { group: "", version: first } : { group: first, version: second };
}

function listOf(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(",");
}
