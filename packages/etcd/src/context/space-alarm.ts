import { NoSpaceError } from "@cellplane/kv";
import { etcdError } from "./etcd-error.ts";

/**
 * etcd's alarm `NOSPACE`: raised by the first write that finds no space. From then on nothing is put
 * until somebody disarms it, however much is deleted meanwhile. It lasts as long as this process.
 */
export class SpaceAlarm {
  #isRaised = false;

  get isRaised(): boolean {
    return this.#isRaised;
  }

  raise(): void {
    this.#isRaised = true;
  }

  /** Tells whether it was raised. */
  disarm(): boolean {
    const was = this.#isRaised;
    this.#isRaised = false;
    return was;
  }

  /**
   * Runs something that takes space.
   * @throws {GrpcError} The alarm is raised.
   */
  async guard<T>(run: () => Promise<T>): Promise<T> {
    if (this.#isRaised) throw etcdError("mvcc: database space exceeded");
    try {
      return await run();
    } catch (error) {
      if (error instanceof NoSpaceError) this.raise();
      throw error;
    }
  }
}
