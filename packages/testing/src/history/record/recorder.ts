import { closeSync, openSync, writeSync } from "node:fs";
import type { HistoryRecord } from "./records.ts";

/** Appends records to a file, each before anything that depends on it: a killed process leaves what it knew. */
export class Recorder implements Disposable {
  readonly #file: number;
  #isOpen = true;

  constructor(path: string) {
    this.#file = openSync(path, "a");
  }

  record(record: HistoryRecord): void {
    if (this.#isOpen) writeSync(this.#file, `${JSON.stringify(record)}\n`);
  }

  [Symbol.dispose](): void {
    this.#isOpen = false;
    closeSync(this.#file);
  }
}
