import type { TableColumn, TablePrinter } from "../../registry/resource.ts";
import { asJson } from "../plain/plain.ts";
import { builtinColumns } from "../table/builtin-columns.ts";
import { type Cells, createdAt, nameOf } from "./cells.ts";
import { columnDescription } from "./column-descriptions.ts";
import { corePrinters } from "./core-printers.ts";
import { otherPrinters } from "./other-printers.ts";
import { workloadPrinters } from "./workload-printers.ts";

const printers: Readonly<Record<string, Cells>> = {
  ...corePrinters,
  ...workloadPrinters,
  ...otherPrinters,
};
const plainCells: Cells = (object) => [nameOf(object), createdAt(object)];
const plainColumns: readonly TableColumn[] = [
  column({ name: "Name", type: "string", format: "name", priority: 0 }),
  column({ name: "Created At", type: "date", format: "", priority: 0 }),
];

/** How a built-in resource is printed: as `kubectl get` shows it. */
export function builtinPrinter(of: {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}): TablePrinter {
  const cells = printers[`${of.group}/${of.resource}`];
  const columns = builtinColumns(of.group, of.version, of.resource).map(column);
  if (!cells || columns.length === 0) return { columns: plainColumns, cells: adapt(plainCells) };
  return { columns, cells: adapt(cells) };
}

function adapt(cells: Cells): TablePrinter["cells"] {
  return (object, nowMs) => cells(asJson(object), nowMs);
}

function column(of: Omit<TableColumn, "description">): TableColumn {
  const { name, type, format, priority } = of;
  return { name, type, format, description: columnDescription(name), priority };
}
