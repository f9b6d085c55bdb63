import type { Gauge, MetricRegistry } from "@cellplane/metrics";
import type { EtcdContext } from "../context/etcd-context.ts";

/** What is exposed of the store, under etcd's names. */
export class StoreFigures {
  readonly #context: EtcdContext;
  readonly #streams: Gauge;
  readonly #hasLeader: Gauge;
  readonly #revision: Gauge;
  readonly #compacted: Gauge;
  readonly #size: Gauge;

  constructor(context: EtcdContext, metrics: MetricRegistry) {
    this.#context = context;
    const gauge = (name: string, help: string): Gauge => metrics.gauge({ name, help, labels: [] });
    this.#streams = gauge("etcd_debugging_mvcc_watch_stream_total", "Watch streams that are open.");
    this.#hasLeader = gauge("etcd_server_has_leader", "1 while the store answers.");
    this.#revision = gauge("etcd_debugging_mvcc_current_revision", "The newest revision.");
    this.#compacted = gauge(
      "etcd_debugging_mvcc_compact_revision",
      "History below this revision is gone.",
    );
    this.#size = gauge("etcd_mvcc_db_total_size_in_bytes", "Bytes that the store uses.");
  }

  countStreams(change: 1 | -1): void {
    this.#streams.add({}, change);
  }

  /** Looks at the store. */
  async refresh(): Promise<void> {
    try {
      const { revision, compacted, sizeBytes } = await this.#context.store.status();
      this.#revision.set({}, revision);
      this.#compacted.set({}, compacted);
      this.#size.set({}, sizeBytes);
      this.#hasLeader.set({}, 1);
    } catch {
      this.#hasLeader.set({}, 0);
    }
  }
}
