/** `builtin-resources.json`, as far as it is printed. */
export interface ResourceFacts {
  readonly groups: readonly { readonly name: string; readonly versions: readonly string[] }[];
  readonly resources: Readonly<Record<string, Readonly<Record<string, ResourceFact>>>>;
}

/** One resource of it. */
export interface ResourceFact {
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly storageVersionHash?: string;
  readonly subresources?: Readonly<Record<string, ResourceFact>>;
}

/** `table-columns.json`, as far as it is printed. */
export interface ColumnFacts {
  readonly columns: Readonly<Record<string, readonly ColumnFact[]>>;
}

/** One column of it. */
export interface ColumnFact {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly priority: number;
}

const allVerbs = "create,delete,deletecollection,get,list,patch,update,watch";

/** The text of `resources.txt`. */
export function printResources({ groups, resources }: ResourceFacts): string {
  const lines = groups.map(({ name, versions }) => `group ${name} ${versions.join(",")}`);
  for (const [groupVersion, rows] of Object.entries(resources)) {
    lines.push(`in ${groupVersion}`);
    for (const [resource, fact] of Object.entries(rows)) {
      lines.push(printResource(resource, fact));
      for (const [name, sub] of Object.entries(fact.subresources ?? {})) {
        const gv = sub.group === undefined ? "" : `${sub.group}/${sub.version}/`;
        lines.push(`/${name} ${gv}${sub.kind} ${sub.verbs.join(",")}`);
      }
    }
  }
  return `${lines.join("\n")}\n`;
}

function printResource(resource: string, fact: ResourceFact): string {
  const verbs = fact.verbs.join(",");
  const parts = [
    resource,
    fact.kind,
    fact.singularName,
    fact.namespaced ? "namespaced" : "cluster",
    verbs === allVerbs ? "*" : verbs,
  ];
  if (fact.shortNames) parts.push(`short=${fact.shortNames.join(",")}`);
  if (fact.categories) parts.push(`in=${fact.categories.join(",")}`);
  if (fact.storageVersionHash) parts.push(`hash=${fact.storageVersionHash}`);
  return parts.join(" ");
}

/** The text of `columns.txt`. */
export function printColumns({ columns }: ColumnFacts): string {
  const lines = Object.entries(columns).map(([resource, row]) =>
    [resource, ...row.map(printColumn)].join("\t"),
  );
  return `${lines.join("\n")}\n`;
}

function printColumn({ name, type, format, priority }: ColumnFact): string {
  const wide = priority === 0 ? "" : `+${priority}`;
  const kind = format === "" ? type : `${type}/${format}`;
  return `${name}${wide}${kind === "string" ? "" : `:${kind}`}`;
}
