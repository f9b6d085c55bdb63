import { isStatus, StatusError } from "@cellplane/apimachinery";
import { abortableDelay, type RestClient } from "@cellplane/client";
import type { Random } from "../model/random.ts";
import type { Ledger, WriteOutcome } from "./ledger.ts";
import { makeThing, readThing, things, type ThingState } from "./thing.ts";

const pauseMs = 200;
/** How many keys of a hundred go, when their turn comes. */
const deletedPerHundred = 15;

/** What a writer needs. */
export interface WriterDeps {
  readonly client: RestClient;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly fault: (what: string) => void;
}

/** Writes keys that nobody else writes, each conditionally on what it read or wrote before. */
export class Writer {
  readonly #deps: WriterDeps;
  readonly #name: string;
  readonly #keys: readonly string[];
  /** What the key holds; missing: unknown, so it is to be read. */
  readonly #known = new Map<string, ThingState | "absent">();
  #writes = 0;

  constructor(name: string, keys: readonly string[], deps: WriterDeps) {
    this.#name = name;
    this.#keys = keys;
    this.#deps = deps;
    for (const key of keys) this.#known.set(key, "absent");
  }

  /** Makes all its keys. */
  async fill(signal: AbortSignal): Promise<void> {
    for (const key of this.#keys) {
      if (signal.aborted) return;
      await this.#write(key, signal);
    }
  }

  /** Writes until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await this.#write(this.#deps.random.pick(this.#keys), signal);
  }

  async #write(key: string, signal: AbortSignal): Promise<void> {
    const known = this.#known.get(key) ?? (await this.#read(key, signal));
    if (known === undefined) return;
    const { random, client } = this.#deps;
    if (known !== "absent" && random.below(100) < deletedPerHundred) {
      const preconditions = { resourceVersion: String(known.revision) };
      await this.#attempt(key, "delete", async () => {
        await client.delete(things, key, { preconditions });
        return "absent";
      });
      return;
    }
    await this.#attempt(key, "put", async (write) => {
      const object = makeThing(key, write, known === "absent" ? undefined : known.revision);
      return readThing(
        known === "absent"
          ? await client.create(things, object)
          : await client.update(things, object),
      );
    });
  }

  async #attempt(
    key: string,
    kind: "put" | "delete",
    run: (write: string) => Promise<ThingState | "absent">,
  ): Promise<void> {
    const { ledger, fault } = this.#deps;
    const write = `${this.#name}-${++this.#writes}`;
    const startedMs = performance.now();
    const note = (outcome: WriteOutcome, revision?: number): void => {
      const endedMs = performance.now();
      const at = revision === undefined ? {} : { revision };
      ledger.note({ key, kind, write, outcome, startedMs, endedMs, ...at });
    };
    try {
      const state = await run(write);
      this.#known.set(key, state);
      note("acknowledged", state === "absent" ? undefined : state.revision);
    } catch (error) {
      this.#known.delete(key);
      const isRefused = isRefusal(error);
      // Nobody else writes the key, so only a write whose answer was lost can have come between.
      if (isRefused && ledger.possible(key).size === 1) {
        fault(
          `${kind} ${write} of ${key} was refused though its writer knew the key: ${String(error)}`,
        );
      }
      note(isRefused ? "refused" : "unknown");
      if (!isRefused) await abortableDelay(pauseMs, AbortSignal.timeout(60_000));
    }
  }

  /** Reads the key, and checks that it holds what it may. */
  async #read(key: string, signal: AbortSignal): Promise<ThingState | "absent" | undefined> {
    const { client } = this.#deps;
    while (!signal.aborted) {
      try {
        const state = readThing(await client.get(things, key));
        this.#found(key, state, state.write);
        return state;
      } catch (error) {
        if (isStatus(error, "NotFound")) {
          this.#found(key, "absent", "absent");
          return "absent";
        }
        await abortableDelay(pauseMs, AbortSignal.timeout(60_000));
      }
    }
    return undefined;
  }

  #found(key: string, state: ThingState | "absent", content: string): void {
    const possible = this.#deps.ledger.possible(key);
    if (!possible.has(content)) {
      this.#deps.fault(
        `${key} was read as ${content}, and may only be ${[...possible].join(" or ")}`,
      );
    }
    this.#known.set(key, state);
  }
}

/** Whether the server says that it surely did not write. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof StatusError && ["Conflict", "NotFound", "AlreadyExists"].includes(error.reason)
  );
}
