/** One alternative of an `Accept` header, `type` in lower case and without parameters. */
export interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** The alternatives of an `Accept` header, the preferred one first. Absent means anything. */
export function parseAccept(header: string | undefined): readonly MediaRange[] {
  if (header === undefined || header.trim() === "") return [{ type: "*/*", parameters: new Map() }];
  const ranges = header.split(",").map((part) => parseRange(part));
  return ranges
    .filter(({ quality }) => quality > 0)
    .toSorted((left, right) => right.quality - left.quality)
    .map(({ range }) => range);
}

/** Whether a range admits this plain media type. */
export function admits(range: MediaRange, mediaType: string): boolean {
  if (range.type === "*/*" || range.type === mediaType) return true;
  return range.type === `${mediaType.slice(0, mediaType.indexOf("/"))}/*`;
}

function parseRange(part: string): { readonly range: MediaRange; readonly quality: number } {
  const [type = "", ...rest] = part.split(";").map((piece) => piece.trim());
  const parameters = new Map<string, string>();
  for (const piece of rest) {
    const equals = piece.indexOf("=");
    if (equals > 0) parameters.set(piece.slice(0, equals), piece.slice(equals + 1));
  }
  const quality = Number(parameters.get("q") ?? 1);
  parameters.delete("q");
  return {
    range: { type: type.toLowerCase(), parameters },
    quality: Number.isNaN(quality) ? 1 : quality,
  };
}
