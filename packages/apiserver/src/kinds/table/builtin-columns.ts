import { readFileSync } from "node:fs";

/** A column of the Table answer of a built-in resource, without its description. */
export interface BuiltinColumn {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  /** 0 is always shown, above only with `-o wide`. */
  readonly priority: number;
}

let table: ReadonlyMap<string, string> | undefined;

/** The columns of a built-in resource; empty where the server prints none of its own. */
export function builtinColumns(
  group: string,
  version: string,
  resource: string,
): readonly BuiltinColumn[] {
  table ??= indexColumns(readFileSync(new URL("columns.txt", import.meta.url), "utf8"));
  const key = group === "" ? `${version}/${resource}` : `${group}/${version}/${resource}`;
  return table.get(key)?.split("\t").slice(1).map(parseColumn) ?? [];
}

/** Resources of `columns.txt` to their lines: `<group version>/<plural>`, a tab, and the columns. */
function indexColumns(text: string): ReadonlyMap<string, string> {
  const lines = text.split("\n").filter((line) => line !== "");
  return new Map(lines.map((line) => [line.slice(0, line.indexOf("\t")), line]));
}

/** `<name>[+<priority>][:<type>[/<format>]]`; without a type a string. */
function parseColumn(text: string): BuiltinColumn {
  const [head = "", kind = "string"] = text.split(":");
  const [name = "", priority = "0"] = head.split("+");
  const [type = "", format = ""] = kind.split("/");
  return { name, type, format, priority: Number(priority) };
}
