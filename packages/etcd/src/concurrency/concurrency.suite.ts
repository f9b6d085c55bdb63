import {
  campaignRequest,
  campaignResponse,
  headerOnly,
  leaderRequest,
  leaderResponse,
  type LeaderResponse,
  leaseGrantRequest,
  leaseGrantResponse,
  leaseIdRequest,
  lockRequest,
  lockResponse,
  proclaimRequest,
  type ProclaimRequest,
  rangeRequest,
  rangeResponse,
  unlockRequest,
} from "@cellplane/etcd-api";
import { GrpcChannel, isGrpcError, type MessageType } from "@cellplane/grpc";

const [first, second, third] = [0x100, 0x101, 0x102];
const b = (text: string): Buffer => Buffer.from(text);
const withinMs = 20_000;

/** Locks and elects on an empty server, and tells what came of it. */
export async function lockAndElect(url: string): Promise<readonly string[]> {
  await using client = new ConcurrencyClient(url);
  for (const id of [first, second, third]) await client.grant(id);
  await lockInTurn(client);
  await giveUp(client);
  await loseLease(client);
  await elect(client);
  return client.told;
}

async function lockInTurn(client: ConcurrencyClient): Promise<void> {
  await client.tell("lock", client.lock("a", first));
  await client.tell("lock again", client.lock("a", first));
  const waiting = client.lock("a", second);
  await client.untilQueued("a", 2);
  await client.tell("unlock", client.unlock("a/100"));
  await client.tell("lock in turn", waiting);
  await client.tell("unlock in turn", client.unlock("a/101"));
  await client.tell("unlock what is free", client.unlock("a/101"));
  await client.tell("lock without a lease", client.lock("a", 0x999));
  await client.lock("of its own", 0);
  await client.untilQueued("of its own", 1);
}

async function giveUp(client: ConcurrencyClient): Promise<void> {
  await client.lock("b", first);
  await client.tell("wait in vain", client.lock("b", second, 500));
  await client.untilQueued("b", 1);
}

async function loseLease(client: ConcurrencyClient): Promise<void> {
  await client.lock("c", first);
  const told = client.tell("lease lost", client.lock("c", third));
  await client.untilQueued("c", 2);
  await client.revoke(third);
  await client.unlock("c/100");
  await told;
  await client.grant(third);
}

async function elect(client: ConcurrencyClient): Promise<void> {
  await client.tell("nobody", client.leader("e"));
  const observed = client.observe("e");
  await client.tell("campaign", client.campaign("e", first, "one"));
  await client.tell("leader", client.leader("e"));
  await client.tell("observed", observed());
  await client.tell("campaign again", client.campaign("e", first, "other"));
  await client.tell("observed", observed());
  const waiting = client.campaign("e", third, "two");
  await client.untilQueued("e", 2);
  const leader = await leaderKeyOf(client, "e", first);
  await client.tell("proclaim", client.proclaim(leader, "more"));
  await client.tell("observed", observed());
  await client.tell("resign", client.resign(leader));
  await client.tell("campaign in turn", waiting);
  await client.tell("observed", observed());
  await client.tell("proclaim too late", client.proclaim(leader, "late"));
  await client.tell("resign again", client.resign(leader));
  await client.tell("resign nothing", client.resign(undefined));
  await client.tell("leader then", client.leader("e"));
}

type LeaderKey = ProclaimRequest["leader"];

async function leaderKeyOf(
  client: ConcurrencyClient,
  name: string,
  lease: number,
): Promise<LeaderKey> {
  const { kv } = await client.readLeader(name);
  return { name: b(name), key: kv?.key ?? b(""), rev: kv?.createRevision ?? 0, lease };
}

class ConcurrencyClient implements AsyncDisposable {
  readonly told: string[] = [];
  readonly #channel: GrpcChannel;

  constructor(url: string) {
    this.#channel = new GrpcChannel({ target: url });
  }

  async tell(what: string, outcome: Promise<string>): Promise<void> {
    this.told.push(`${what}: ${await outcome.catch(textOfError)}`);
  }

  async grant(id: number): Promise<void> {
    const types = { request: leaseGrantRequest, response: leaseGrantResponse };
    await this.#call("/etcdserverpb.Lease/LeaseGrant", types, { id, ttl: 60 });
  }

  async revoke(id: number): Promise<void> {
    const types = { request: leaseIdRequest, response: headerOnly };
    await this.#call("/etcdserverpb.Lease/LeaseRevoke", types, { id });
  }

  async lock(name: string, lease: number, timeoutMs?: number): Promise<string> {
    const types = { request: lockRequest, response: lockResponse };
    const fields = { name: b(name), lease };
    const { key, header } = await this.#call("/v3lockpb.Lock/Lock", types, fields, timeoutMs);
    return `${Buffer.from(key).toString()} ${header?.revision}`;
  }

  async unlock(key: string): Promise<string> {
    const types = { request: unlockRequest, response: headerOnly };
    const { header } = await this.#call("/v3lockpb.Lock/Unlock", types, { key: b(key) });
    return `${header?.revision}`;
  }

  async campaign(name: string, lease: number, value: string): Promise<string> {
    const types = { request: campaignRequest, response: campaignResponse };
    const fields = { name: b(name), lease, value: b(value) };
    const path = "/v3electionpb.Election/Campaign";
    const { leader, header } = await this.#call(path, types, fields);
    const key = Buffer.from(leader?.key ?? []).toString();
    return `${key} made at ${leader?.rev}, lease ${leader?.lease}, ${header?.revision}`;
  }

  proclaim(leader: LeaderKey, value: string): Promise<string> {
    return this.#asLeader("Proclaim", { leader, value: b(value) });
  }

  resign(leader: LeaderKey): Promise<string> {
    return this.#asLeader("Resign", { leader });
  }

  readLeader(name: string): Promise<LeaderResponse> {
    const types = { request: leaderRequest, response: leaderResponse };
    return this.#call("/v3electionpb.Election/Leader", types, { name: b(name) });
  }

  async leader(name: string): Promise<string> {
    return textOfLeader(await this.readLeader(name));
  }

  observe(name: string): () => Promise<string> {
    const path = "/v3electionpb.Election/Observe";
    const types = { request: leaderRequest, response: leaderResponse };
    const stream = this.#channel.serverStream(
      { kind: "serverStream", path, ...types },
      { name: b(name) },
    );
    return async () => {
      const response = await stream.read();
      return response ? textOfLeader(response) : "the end";
    };
  }

  /** Waits until so many have a place. */
  async untilQueued(name: string, places: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    const types = { request: rangeRequest, response: rangeResponse };
    const fields = { key: b(`${name}/`), rangeEnd: b(`${name}0`), countOnly: true };
    for (;;) {
      const { count } = await this.#call("/etcdserverpb.KV/Range", types, fields);
      if (count === places) return;
      if (performance.now() > deadline) throw new Error(`${name} has ${count} places`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#channel[Symbol.asyncDispose]();
  }

  async #asLeader(name: string, fields: Partial<ProclaimRequest>): Promise<string> {
    const types = { request: proclaimRequest, response: headerOnly };
    const { header } = await this.#call(`/v3electionpb.Election/${name}`, types, fields);
    return `${header?.revision}`;
  }

  #call<Request, Response>(
    path: string,
    types: { readonly request: MessageType<Request>; readonly response: MessageType<Response> },
    fields: Partial<Request>,
    timeoutMs: number = withinMs,
  ): Promise<Response> {
    const method = { kind: "unary", path, ...types } as const;
    return this.#channel.unary(method, types.request.create(fields), { timeoutMs });
  }
}

function textOfLeader({ kv, header }: LeaderResponse): string {
  const [key, value] = [kv?.key, kv?.value].map((bytes) => Buffer.from(bytes ?? []).toString());
  return `${key}=${value} ${kv?.modRevision}, ${header?.revision}`;
}

/** The text alone: etcd wraps its own errors here, and so makes UNKNOWN of each status. */
function textOfError(error: unknown): string {
  return isGrpcError(error) ? error.message : String(error);
}
