const isColored = process.stdout.isTTY && process.env["NO_COLOR"] === undefined;

/** Tells the story on standard output. */
export function tell(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A heading before a part of the story. */
export function tellHeading(text: string): void {
  tell(isColored ? `\n\u001B[1;36m▸ ${text}\u001B[0m` : `\n▸ ${text}`);
}
