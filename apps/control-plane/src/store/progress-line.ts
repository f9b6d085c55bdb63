/** How often a terminal, and how often a log, is told, in milliseconds. */
const terminalEveryMs = 100;
const logEveryMs = 5000;

/** Tells how far a command is, on standard error: one line that changes, or a line now and then. */
export class ProgressLine implements Disposable {
  #toldMs = performance.now();
  #width = 0;

  /** Tells, unless it was told a moment ago. */
  tell(text: () => string): void {
    const nowMs = performance.now();
    const isTerminal = process.stderr.isTTY;
    if (nowMs < this.#toldMs + (isTerminal ? terminalEveryMs : logEveryMs)) return;
    this.#toldMs = nowMs;
    const line = text();
    if (!isTerminal) return void process.stderr.write(`${line}\n`);
    process.stderr.write(`\r${line.padEnd(this.#width)}`);
    this.#width = line.length;
  }

  /** Leaves the terminal's line empty for what follows. */
  [Symbol.dispose](): void {
    if (this.#width > 0) process.stderr.write(`\r${" ".repeat(this.#width)}\r`);
    this.#width = 0;
  }
}

/** `12,345 of 50,000 keys (24%), 12.1 MiB`. */
export function progressText(
  what: string,
  { keys, of, bytes }: { readonly keys: number; readonly of?: number; readonly bytes?: number },
): string {
  const total = of === undefined || of < keys ? "" : ` of ${of.toLocaleString("en")}`;
  const percent = total === "" || !of ? "" : ` (${Math.floor((100 * keys) / of)}%)`;
  const size = bytes === undefined ? "" : `, ${formatBytes(bytes)}`;
  return `${what}: ${keys.toLocaleString("en")}${total} keys${percent}${size}`;
}

/** `12.1 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
