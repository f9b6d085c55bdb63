import { isDeepStrictEqual } from "node:util";
import { isStatus } from "@cellplane/apimachinery";
import { abortableDelay, type RestClient } from "@cellplane/client";
import { readAllPages, type Snapshot } from "./read-all-pages.ts";

const pageLimit = 150;
const pauseMs = 200;

/** A client that lists in pages while others write, and lists once more at the same revision. */
export class Lister {
  readonly snapshots: Snapshot[] = [];
  expired = 0;
  failed = 0;
  repeated = 0;
  readonly #client: RestClient;
  readonly #fault: (what: string) => void;

  constructor(client: RestClient, fault: (what: string) => void) {
    this.#client = client;
    this.#fault = fault;
  }

  async run(signal: AbortSignal): Promise<void> {
    let repeat: Snapshot | undefined;
    while (!signal.aborted) {
      try {
        if (repeat) await this.#listAgain(repeat);
        repeat = repeat ? undefined : await this.#list();
      } catch (error) {
        repeat = undefined;
        if (isStatus(error, "Expired")) this.expired += 1;
        else if (error instanceof Error && error.message.startsWith("A page"))
          this.#fault(error.message);
        else this.failed += 1;
      }
      await abortableDelay(pauseMs, signal).catch(() => undefined);
    }
  }

  async #list(): Promise<Snapshot> {
    const snapshot = await readAllPages(this.#client, pageLimit);
    const names = snapshot.items.map(({ name }) => name);
    const isInOrder = names.every((name, i) => i === 0 || (names[i - 1] ?? "") < name);
    if (!isInOrder) this.#fault(`The list at revision ${snapshot.revision} is not in order`);
    const last = this.snapshots.at(-1)?.revision ?? 0;
    if (snapshot.revision < last) {
      this.#fault(`A list went back from revision ${last} to ${snapshot.revision}`);
    }
    this.snapshots.push(snapshot);
    return snapshot;
  }

  async #listAgain({ revision, items }: Snapshot): Promise<void> {
    const exactly = { resourceVersion: String(revision), resourceVersionMatch: "Exact" } as const;
    const again = await readAllPages(this.#client, 400, exactly);
    this.repeated += 1;
    if (again.revision !== revision || !isDeepStrictEqual(again.items, items)) {
      this.#fault(`The list at revision ${revision} is another one when it is read again`);
    }
  }
}
