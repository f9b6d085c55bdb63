import { once } from "node:events";
import { request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import {
  type Lease,
  type LeaseState,
  type LeaseStore,
  type MvccStore,
  type RangeRequest,
  type RangeResult,
  type RestoreOutcome,
  type Revision,
  type StoreDescription,
  type StoreStatus,
  type TxnRequest,
  type TxnResult,
  UnavailableError,
  type Watch,
  type WatchBatch,
  type WatchListener,
  type WatchRequest,
} from "@cellplane/kv";
import { adminSocketPath } from "./admin-path.ts";
import { type AdminMessage, decodeMessages, encodeMessage, errorOfWire } from "./admin-wire.ts";
import type { StoreCall } from "./call-store.ts";

/** The store of a server that runs, through its data directory's socket. */
export class AdminStore implements MvccStore {
  readonly #dataDir: string;
  readonly leases: LeaseStore = {
    grant: (lease) => this.#call({ method: "grant", lease }) as Promise<Lease>,
    revoke: (id) => this.#call({ method: "revoke", id }) as Promise<Revision>,
    keepAlive: (id) => this.#call({ method: "keepAlive", id }) as Promise<Lease | undefined>,
    timeToLive: (id) => this.#call({ method: "timeToLive", id }) as Promise<LeaseState | undefined>,
    list: async () => ((await this.#call({ method: "listLeases" })) as Lease[] | undefined) ?? [],
  };

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  range(request: RangeRequest): Promise<RangeResult> {
    return this.#call({ method: "range", request }) as Promise<RangeResult>;
  }

  txn(request: TxnRequest): Promise<TxnResult> {
    return this.#call({ method: "txn", request }) as Promise<TxnResult>;
  }

  async compact(revision: Revision): Promise<void> {
    await this.#call({ method: "compact", revision });
  }

  headRevision(): Promise<Revision> {
    return this.#call({ method: "headRevision" }) as Promise<Revision>;
  }

  status(): Promise<StoreStatus> {
    return this.#call({ method: "status" }) as Promise<StoreStatus>;
  }

  async describe(): Promise<StoreDescription> {
    return (await this.#ask("/v1/describe", (sent) => sent.end())) as StoreDescription;
  }

  /** Has the server put a backup in the place of its store. */
  async restore(
    backup: AsyncIterable<Uint8Array>,
    options: { readonly force: boolean; readonly onProgress: (keys: number) => void },
  ): Promise<RestoreOutcome> {
    const send = async (sent: ClientRequest): Promise<void> => {
      for await (const chunk of backup) if (!sent.write(chunk)) await once(sent, "drain");
      sent.end();
    };
    const path = `/v1/restore?force=${options.force}`;
    return (await this.#ask(path, send, options.onProgress)) as RestoreOutcome;
  }

  watch(request: WatchRequest, listener: WatchListener): Watch {
    const closing = new AbortController();
    const sent = this.#request(`/v1/watch?start=${request.startRevision ?? 0}`);
    sent.end();
    let response: IncomingMessage | undefined;
    const read = async (): Promise<void> => {
      response = await responseOf(sent);
      for await (const message of decodeMessages(response)) {
        const told = message as AdminMessage;
        if (told.kind === "error") throw errorOfWire(told.error);
        if (told.kind === "batch") listener.onBatch(told.value as WatchBatch);
        if (told.kind === "reached") listener.onProgress?.(told.revision);
      }
      throw new UnavailableError("Cannot watch on as the server has ended");
    };
    void read().catch((error: unknown) => {
      if (closing.signal.aborted) return listener.onEnd();
      listener.onEnd(error instanceof Error ? error : new Error(String(error)));
    });
    return {
      // It is told again and again.
      requestProgress: () => undefined,
      pause: () => void response?.pause(),
      resume: () => void response?.resume(),
      close: () => {
        closing.abort();
        sent.destroy();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Each call has its own connection.
  }

  #call(call: StoreCall): Promise<unknown> {
    return this.#ask("/v1/call", (sent) => sent.end(encodeMessage(call)));
  }

  async #ask(
    path: string,
    send: (request: ClientRequest) => unknown,
    onProgress?: (keys: number) => void,
  ): Promise<unknown> {
    const sent = this.#request(path);
    const answering = responseOf(sent);
    answering.catch(() => undefined);
    await Promise.race([send(sent), answering]);
    for await (const message of decodeMessages(await answering)) {
      const told = message as AdminMessage;
      if (told.kind === "error") throw errorOfWire(told.error);
      if (told.kind === "progress") onProgress?.(told.keys);
      if (told.kind === "result") return told.value;
    }
    throw new UnavailableError("Cannot tell what came of it as the server has ended");
  }

  #request(path: string): ClientRequest {
    using where = adminSocketPath(this.#dataDir);
    return httpRequest({ socketPath: where.path, path, method: "POST", agent: false });
  }
}

async function responseOf(sent: ClientRequest): Promise<IncomingMessage> {
  try {
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    return response;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UnavailableError(
      `Cannot reach the server that has the data directory open at its admin.sock: ${why}`,
      { cause: error },
    );
  }
}
