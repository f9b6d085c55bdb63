/** By which names a server greets the agents that share one stream among all their connections. */
export interface Stripes {
  /** How many connections such an agent is to have with this server. */
  readonly count: number;
  /** A name that the agent does not know yet, where there is one. */
  choose(taken: ReadonlySet<string>): string;
}

/**
 * A stock agent connects once to each server id that it finds. A server that has several of them
 * gets several connections of it: what stands still on one of them holds up the others not at all.
 */
export function createStripes(serverId: string, count: number): Stripes {
  if (count <= 1) return { count: 1, choose: () => serverId };
  const names = Array.from({ length: count }, (_, i) => `${serverId}/${i}`);
  let turn = 0;
  return {
    count,
    choose: (taken) => {
      const free = names.find((name) => !taken.has(name));
      // One of them may be lost without that it has been noticed here: the agent knows which.
      return free ?? names[turn++ % count] ?? serverId;
    },
  };
}
