import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { type History, HistoryBuilder } from "./history.ts";
import type { HistoryRecord } from "./records.ts";

/** Reads the records of all processes of a run; the last line of one that was killed may be cut short. */
export async function readHistory(paths: readonly string[]): Promise<History> {
  const builder = new HistoryBuilder();
  for (const path of paths) {
    for await (const line of createInterface({ input: createReadStream(path) })) {
      const record = parse(line);
      if (record) builder.add(record);
    }
  }
  return builder.finish();
}

function parse(line: string): HistoryRecord | undefined {
  try {
    return JSON.parse(line) as HistoryRecord;
  } catch {
    return undefined;
  }
}
