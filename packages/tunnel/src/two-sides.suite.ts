import { PacketPeer, type PeerTarget } from "./packet-peer.suite.ts";
import { StockPeers, type StockServer } from "./stock-peers.suite.ts";
import { TunnelFixture } from "./tunnel-fixture.suite.ts";

/** A server under test: where agents and where clients connect. */
export interface Side {
  readonly name: "stock" | "ours";
  readonly agents: PeerTarget;
  readonly clients: PeerTarget;
}

/** A stock server and one of ours, for the same clusters and with certificates of one authority. */
export class TwoSides implements AsyncDisposable {
  readonly fixture: TunnelFixture;
  readonly stock: StockPeers;
  readonly stockServer: StockServer;
  readonly #clientsPort: number;

  private constructor(
    fixture: TunnelFixture,
    stock: StockPeers,
    ports: { readonly server: StockServer; readonly clients: number },
  ) {
    this.fixture = fixture;
    this.stock = stock;
    this.stockServer = ports.server;
    this.#clientsPort = ports.clients;
  }

  /** `mode`: the stock server's, which has but one; ours serves both. */
  static async open(
    mode: "grpc" | "http-connect",
    options: Parameters<typeof TunnelFixture.open>[0] = {},
  ): Promise<TwoSides> {
    const fixture = await TunnelFixture.open(options);
    const stock = new StockPeers(fixture.authority);
    fixture.defer(() => stock[Symbol.asyncDispose]());
    for (const cluster of ["hz-a", "hz-b"]) fixture.upstreams.set(cluster, "127.0.0.1:1");
    const clients = await fixture.frontend();
    return new TwoSides(fixture, stock, { server: await stock.server(mode), clients });
  }

  get sides(): { readonly stock: Side; readonly ours: Side } {
    const { authority, port } = this.fixture;
    const { agent, client } = this.stockServer;
    const side = (name: Side["name"], ports: readonly [number, number]): Side => ({
      name,
      agents: { port: ports[0], authority },
      clients: { port: ports[1], authority },
    });
    return {
      stock: side("stock", [agent, client]),
      ours: side("ours", [port, this.#clientsPort]),
    };
  }

  /** What comes of something at either. */
  async both<Outcome>(
    of: (side: Side) => Promise<Outcome>,
  ): Promise<{ readonly stock: Outcome; readonly ours: Outcome }> {
    const { stock, ours } = this.sides;
    return { stock: await of(stock), ours: await of(ours) };
  }

  /** A hand-made agent that is let in; `agentId`, if it is not to be the usual. */
  async agent(
    side: Side,
    cluster: string,
    { as = cluster, agentId }: { readonly as?: string; readonly agentId?: string } = {},
  ): Promise<PacketPeer> {
    const metadata = agentId === undefined ? {} : { agentid: agentId };
    const peer = PacketPeer.agent(side.agents, cluster, { as, metadata });
    this.fixture.defer(() => peer[Symbol.asyncDispose]());
    await peer.headers;
    return peer;
  }

  /** A client in gRPC mode that dials the API server of a cluster. */
  dial(side: Side, cluster: string, random: bigint): PacketPeer {
    const peer = PacketPeer.client(side.clients);
    this.fixture.defer(() => peer[Symbol.asyncDispose]());
    peer.send("dialRequest", { protocol: "tcp", address: `${cluster}:443`, random });
    return peer;
  }

  /** A metric of the stock server's, summed over its labels. */
  async stockMetric(name: string): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.stockServer.health}/metrics`);
    const lines = (await answer.text()).split("\n");
    const full = `konnectivity_network_proxy_server_${name}`;
    return lines
      .filter((line) => line.startsWith(full))
      .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }

  /** Whether the stock server says that it is ready. */
  async isStockReady(): Promise<boolean> {
    const answer = await fetch(`http://127.0.0.1:${this.stockServer.health}/readyz`);
    await answer.text();
    return answer.ok;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.fixture[Symbol.asyncDispose]();
  }
}
