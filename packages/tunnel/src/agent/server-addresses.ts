import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { formatAddress, parseAddress } from "../protocol/address.ts";

/** Where one server may be reached. */
export interface ServerAddress {
  /** As it was given, or told. */
  readonly server: string;
  /** For the check of the server's certificate. */
  readonly host: string;
  readonly address: string;
}

/** The servers that an agent should be connected to: those that it was given, and those that servers tell of. */
export class ServerAddresses {
  readonly #given: readonly string[];
  /** What each server that is connected has told, by its id. */
  readonly #told = new Map<string, readonly string[]>();
  readonly #toldOnce = new Set<string>();
  readonly #resolved = new Map<string, readonly ServerAddress[]>();
  #last: readonly string[] = [];

  constructor(given: readonly string[]) {
    this.#given = given;
  }

  /** A server tells which there are. */
  tell(serverId: string, servers: readonly string[]): void {
    this.#told.set(serverId, servers);
    for (const server of servers) this.#toldOnce.add(server);
    this.#last = [...new Set([...this.#told.values()].flat())];
  }

  /** A server is no longer connected; what it alone has told counts until another one tells. */
  forget(serverId: string): void {
    if (this.#told.delete(serverId) && this.#told.size > 0) {
      this.#last = [...new Set([...this.#told.values()].flat())];
    }
  }

  /** `host:port`, each once. One that was given counts until servers tell of it no longer. */
  get wanted(): readonly string[] {
    const told = new Set(this.#last);
    const kept = this.#given.filter((server) => told.has(server) || !this.#toldOnce.has(server));
    const wanted = [...new Set([...kept, ...told])];
    return wanted.length === 0 ? this.#given : wanted;
  }

  /** Their addresses: a name stands for all that it has, and for those it had while it cannot be looked up. */
  async resolve(): Promise<readonly ServerAddress[]> {
    const all = await Promise.all(this.wanted.map((server) => this.#resolveOne(server)));
    return all.flat();
  }

  async #resolveOne(server: string): Promise<readonly ServerAddress[]> {
    const parsed = parseAddress(server);
    if (!parsed) return [];
    const { host, port } = parsed;
    if (isIP(host) !== 0) return [{ server, host, address: server }];
    try {
      const found = await lookup(host, { all: true });
      const addresses = found.map(({ address }) => ({
        server,
        host,
        address: formatAddress({ host: address, port }),
      }));
      this.#resolved.set(server, addresses);
      return addresses;
    } catch {
      // A proxy may know the name.
      return this.#resolved.get(server) ?? [{ server, host, address: server }];
    }
  }
}
