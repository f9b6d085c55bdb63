/** A resource as a configuration names it; `*` stands for all. */
export interface ResourcePattern {
  readonly group: string;
  readonly resource: string;
}

/** `RESOURCE` or `RESOURCE.GROUP`; the first dot parts them. */
export function parseResourcePattern(text: string): ResourcePattern {
  const dot = text.indexOf(".");
  if (dot === -1) return { group: "", resource: text };
  return { group: text.slice(dot + 1), resource: text.slice(0, dot) };
}

/** As a configuration names it: `*.` is every resource of the core group. */
export function formatResourcePattern({ group, resource }: ResourcePattern): string {
  if (group === "" && resource === "*") return "*.";
  return group === "" ? resource : `${resource}.${group}`;
}
