/** `cluster "hz-a"`, or `topology "rz00a" of cluster "hz-a"`. */
export function placeName(place: {
  readonly member: string;
  readonly topology: string;
  readonly cluster?: string | undefined;
}): string {
  const { member, topology, cluster } = place;
  if (cluster === undefined) return `topology ${JSON.stringify(topology)}`;
  if (cluster === member) return `cluster ${JSON.stringify(cluster)}`;
  return `topology ${JSON.stringify(topology)} of cluster ${JSON.stringify(cluster)}`;
}
