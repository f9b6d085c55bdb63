/** Texts that many hold: each is there once, until nobody holds it any more. */
export class TextPool {
  readonly #texts = new Map<string, { readonly text: string; holders: number }>();

  /** How many different texts are held. */
  get size(): number {
    return this.#texts.size;
  }

  /** The pool's own copy of a text, to hold until it is released. */
  hold(text: string): string {
    const known = this.#texts.get(text);
    if (known) {
      known.holders++;
      return known.text;
    }
    this.#texts.set(text, { text, holders: 1 });
    return text;
  }

  /** Lets go of a text that was held. */
  release(text: string): void {
    const known = this.#texts.get(text);
    if (!known) return;
    known.holders--;
    if (known.holders === 0) this.#texts.delete(text);
  }
}
