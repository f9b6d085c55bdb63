import type {
  WatchCreateRequest,
  WatchRequest,
  WatchResponse,
  WireEvent,
} from "@cellplane/etcd-api";
import type { MessageSink, MessageSource } from "@cellplane/grpc";
import type { EtcdContext } from "../context/etcd-context.ts";
import { toEtcdError } from "../context/etcd-error.ts";
import { maxMessageBytes } from "../context/etcd-limits.ts";
import { planWatch, refuseWatch } from "./plan-watch.ts";
import { splitEvents } from "./split-events.ts";
import { StreamWatch, type StreamWatchHost } from "./stream-watch.ts";
import { WatchProgress } from "./watch-progress.ts";

/** Names no watch: progress of the whole stream, and watches that were refused. */
const noWatchId = -1;

const plain: Omit<WatchResponse, "header" | "watchId"> = {
  created: false,
  canceled: false,
  compactRevision: 0,
  cancelReason: "",
  fragment: false,
  events: [],
};

/** One call of `Watch`: many watches, whose answers share one stream in the order in which they come. */
export class WatchStream implements StreamWatchHost {
  readonly #context: EtcdContext;
  readonly #responses: MessageSink<WatchResponse>;
  readonly #watches = new Map<number, StreamWatch>();
  readonly #progress = new WatchProgress((revision) => {
    this.#send(noWatchId, revision, {});
  });
  readonly #broken = Promise.withResolvers<never>();
  #nextId = 0;
  #isHeldBack = false;

  constructor(context: EtcdContext, responses: MessageSink<WatchResponse>) {
    this.#context = context;
    this.#responses = responses;
  }

  /** Serves until the client has ended its side, or the store cannot go on. @throws {GrpcError} */
  async run(requests: MessageSource<WatchRequest>): Promise<void> {
    try {
      await Promise.race([this.#serve(requests), this.#broken.promise]);
    } catch (error) {
      throw toEtcdError(error);
    } finally {
      for (const watch of this.#watches.values()) watch.close();
    }
  }

  /** Has idle watches that want it told how far they are. */
  notify(): void {
    for (const watch of this.#watches.values()) {
      if (!watch.wantsNotices) continue;
      if (!watch.isBusy) {
        watch.owesNotice = true;
        watch.requestProgress();
      }
      watch.isBusy = false;
    }
  }

  events(watch: StreamWatch, revision: number, events: readonly WireEvent[]): void {
    if (!watch.isFragmented) return this.#send(watch.id, revision, { events });
    const parts = splitEvents(events, maxMessageBytes(this.#context.limits));
    for (const [i, part] of parts.entries()) {
      this.#send(watch.id, revision, { events: part, fragment: i < parts.length - 1 });
    }
  }

  progress(watch: StreamWatch, revision: number): void {
    if (watch.owesNotice) {
      watch.owesNotice = false;
      this.#send(watch.id, revision, {});
    }
    this.#progress.reached(watch, revision);
  }

  compacted(watch: StreamWatch, compacted: number): void {
    this.#forget(watch);
    // Revision 0, as etcd says it.
    this.#send(watch.id, 0, { canceled: true, compactRevision: compacted });
  }

  broken(error: Error): void {
    this.#broken.reject(error);
  }

  async #serve(requests: MessageSource<WatchRequest>): Promise<void> {
    for await (const { request } of requests) {
      // Those that watch can tell how far they are while the store is away.
      if (request?.kind === "progress" && this.#watches.size > 0) {
        await this.#followHead();
        this.#progress.ask(this.#watches.values());
        continue;
      }
      const head = await this.#context.store.headRevision();
      switch (request?.kind) {
        case "create":
          this.#create(request.value, head);
          break;
        case "cancel":
          this.#cancel(request.value.watchId, head);
          break;
        case "progress":
          this.#send(noWatchId, head, {});
          break;
        default:
      }
    }
  }

  /** Lets the store look at what others wrote, so that progress is as new as it can be. */
  async #followHead(): Promise<void> {
    try {
      await this.#context.store.headRevision();
    } catch {
      // It is away; there is progress up to where it was.
    }
  }

  #create(request: WatchCreateRequest, head: number): void {
    const cancelReason = refuseWatch(request, (id) => this.#watches.has(id));
    if (cancelReason !== undefined) {
      this.#send(noWatchId, head, { created: true, canceled: true, cancelReason });
      return;
    }
    const watch = new StreamWatch(request.watchId || this.#takeId(), request, this);
    this.#watches.set(watch.id, watch);
    this.#send(watch.id, head, { created: true });
    if (this.#isHeldBack) watch.pause();
    watch.attach(this.#context.store.watch(planWatch(request, head), watch));
    if (this.#watches.has(watch.id)) this.#progress.join(watch);
  }

  #cancel(id: number, head: number): void {
    const watch = this.#watches.get(id);
    if (!watch) return;
    watch.close();
    // Before what else it sets off.
    this.#send(id, head, { canceled: true });
    this.#forget(watch);
  }

  #forget(watch: StreamWatch): void {
    this.#watches.delete(watch.id);
    this.#progress.leave(watch);
  }

  #takeId(): number {
    while (this.#watches.has(this.#nextId)) this.#nextId++;
    return this.#nextId++;
  }

  #send(watchId: number, revision: number, fields: Partial<WatchResponse>): void {
    const header = this.#context.header(revision);
    if (!this.#responses.send({ ...plain, header, watchId, ...fields })) this.#holdBack();
  }

  /** A client that does not read costs no memory: its watches read on later, from the log. */
  #holdBack(): void {
    if (this.#isHeldBack) return;
    this.#isHeldBack = true;
    for (const watch of this.#watches.values()) watch.pause();
    const goOn = (): void => {
      this.#isHeldBack = false;
      for (const watch of this.#watches.values()) {
        if (!this.#isHeldBack) watch.resume();
      }
    };
    this.#responses.drained().then(goOn, (error: unknown) => this.#broken.reject(error));
  }
}
