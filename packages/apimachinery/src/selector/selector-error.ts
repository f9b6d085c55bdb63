/** A selector that cannot be read; the message is Kubernetes' own, for a 400. */
export class SelectorError extends Error {
  override readonly name: string = "SelectorError";
}
