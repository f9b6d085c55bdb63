/** The KubeFedCluster of a cell: `N.C`. Both parts are DNS labels, so the dot tells them apart. */
export function memberNameOfCell(namespace: string, cell: string): string {
  return `${namespace}.${cell}`;
}

/** The cell that a KubeFedCluster's name stands for; `undefined` for a joined cluster. */
export function parseMemberName(
  name: string,
): { readonly namespace: string; readonly cell: string } | undefined {
  const dot = name.indexOf(".");
  return dot === -1 ? undefined : { namespace: name.slice(0, dot), cell: name.slice(dot + 1) };
}
