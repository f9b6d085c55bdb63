import type { CellRow } from "./cell-table.ts";

/** What one cell must look like at the end of a step. */
export interface CellExpectation {
  readonly revision: string;
  readonly version: string;
  readonly state: string;
}

/** The differences between what was told and what is, in sentences; none where all went as told. */
export function findDifferences(
  rows: readonly CellRow[],
  expected: Readonly<Record<string, CellExpectation>>,
): readonly string[] {
  return rows.flatMap((row) => {
    const wanted = expected[row.cell];
    if (!wanted) return [];
    const differences: string[] = [];
    const compare = (what: string, is: string, should: string): void => {
      if (is !== should) differences.push(`${row.cell}: ${what} is ${is}, not ${should}`);
    };
    compare("revision", row.revision, wanted.revision);
    compare("state", row.state, wanted.state);
    compare("image", row.image.replace(/^.*:/, ""), wanted.version);
    return differences;
  });
}
