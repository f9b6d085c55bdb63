import { readFileSync, writeFileSync } from "node:fs";

/**
 * Puts text into a file, between the lines `<!-- bench: NAME -->` and `<!-- end of bench: NAME -->`.
 * @throws {RangeError} The lines are not there.
 */
export function writeSection(file: string, name: string, text: string): void {
  const before = `<!-- bench: ${name} -->`;
  const after = `<!-- end of bench: ${name} -->`;
  const whole = readFileSync(file, "utf8");
  const start = whole.indexOf(before);
  const end = whole.indexOf(after);
  if (start < 0 || end < start) throw new RangeError(`Cannot find "${before}" in "${file}"`);
  const head = whole.slice(0, start + before.length);
  writeFileSync(file, `${head}\n\n${text}\n\n${whole.slice(end)}`);
}
