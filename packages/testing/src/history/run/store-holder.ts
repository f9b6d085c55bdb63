import { type MvccStore, UnavailableError } from "@cellplane/kv";
import { plantBug } from "../planted/plant-bug.ts";
import type { PlantedBug } from "../planted/planted-bug.ts";
import { openSubject, type Subject } from "./open-subject.ts";
import { pause } from "./run-client.ts";

/** How long a store that cannot be opened is tried again, in milliseconds. */
const openWithinMs = 180_000;

/** A store that may be closed and opened anew while it is used. */
export class StoreHolder implements AsyncDisposable {
  readonly #subject: Subject;
  readonly #bug: PlantedBug | undefined;
  #store: MvccStore;
  #isReopening = false;

  private constructor(subject: Subject, bug: PlantedBug | undefined, store: MvccStore) {
    this.#subject = subject;
    this.#bug = bug;
    this.#store = store;
  }

  static async open(subject: Subject, bug: PlantedBug | undefined): Promise<StoreHolder> {
    return new StoreHolder(subject, bug, await openPatiently(subject, bug));
  }

  get store(): MvccStore {
    return this.#store;
  }

  async reopen(): Promise<void> {
    if (this.#isReopening) return;
    this.#isReopening = true;
    await this.#store[Symbol.asyncDispose]();
    this.#store = await openPatiently(this.#subject, this.#bug);
    this.#isReopening = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
  }
}

/** Opens a store whose database may be away for a while, or still held by a process that was killed. */
async function openPatiently(subject: Subject, bug: PlantedBug | undefined): Promise<MvccStore> {
  const deadline = performance.now() + openWithinMs;
  for (;;) {
    try {
      const store = await openSubject(subject);
      return bug ? plantBug(store, bug) : store;
    } catch (error) {
      const isLost = error instanceof UnavailableError && /writes are gone/.test(error.message);
      if (isLost || performance.now() > deadline) throw error;
      await pause(100);
    }
  }
}
