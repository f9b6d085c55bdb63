/**
 * Prints the tables of built-in kinds from facts of a real server:
 *
 *     node tools/builtin-table.ts REFERENCE_DATA_DIR OUTPUT_DIR
 *
 * REFERENCE_DATA_DIR holds `builtin-schema.json`, `builtin-resources.json`, `table-columns.json` and
 * `protobuf-fields.json`; OUTPUT_DIR is `packages/apiserver/src/kinds/table`. The form of the
 * files is described where they are read, in that folder.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ColumnFacts,
  printColumns,
  printResources,
  type ResourceFacts,
} from "./builtin-table/print-resources.ts";
import type { ProtobufFacts } from "./builtin-table/protobuf-numbers.ts";
import {
  printDefinitions,
  printEverywhere,
  type SchemaFacts,
} from "./builtin-table/print-definitions.ts";

const [input, output] = process.argv.slice(2);
if (input === undefined || output === undefined) {
  throw new Error("Cannot print tables: give the folder of the facts and the one for the tables");
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(join(input, `${name}.json`), "utf8"));

writeFileSync(
  join(output, "resources.txt"),
  printResources(read("builtin-resources") as ResourceFacts),
);
writeFileSync(join(output, "columns.txt"), printColumns(read("table-columns") as ColumnFacts));
mkdirSync(join(output, "definitions"), { recursive: true });
const schemas = read("builtin-schema") as SchemaFacts;
writeFileSync(join(output, "everywhere.txt"), printEverywhere(schemas));
const files = printDefinitions(schemas, {
  protobuf: read("protobuf-fields") as ProtobufFacts,
  pointers: readFileSync(new URL("builtin-table/pointers.txt", import.meta.url), "utf8"),
});
for (const [name, text] of files) writeFileSync(join(output, "definitions", `${name}.txt`), text);
