import type { Bench } from "./cases.ts";

const newline = 0x0a;

/** Many watches of one collection, counted together. */
export class WatcherCrowd {
  readonly #size: number;
  #closers: readonly (() => void)[] = [];
  #seen = 0;
  #awaited = 0;
  #resolve: () => void = () => undefined;

  private constructor(size: number) {
    this.#size = size;
  }

  /** Opens all watches from now on. */
  static async open({ pool, subject }: Bench, size: number): Promise<WatcherCrowd> {
    const crowd = new WatcherCrowd(size);
    const list = await pool.request({ method: "GET", path: `${subject.collection}?limit=1` });
    const revision = /"resourceVersion":"(\d+)"/.exec(list.toString("latin1"))?.[1] ?? "0";
    const path = `${subject.collection}?watch=true&resourceVersion=${revision}`;
    crowd.#closers = await Promise.all(
      Array.from({ length: size }, () => pool.stream(path, (chunk) => crowd.#count(chunk))),
    );
    return crowd;
  }

  /** Resolves when each watcher has got one more event. */
  next(): Promise<void> {
    this.#awaited += this.#size;
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#check();
    });
  }

  close(): void {
    for (const close of this.#closers) close();
  }

  #count(chunk: Buffer): void {
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) {
      this.#seen++;
    }
    this.#check();
  }

  #check(): void {
    if (this.#seen >= this.#awaited) this.#resolve();
  }
}
