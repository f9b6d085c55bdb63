/** Why something cannot be encrypted or decrypted. */
export type KmsFailure =
  /** The key that it was sealed under is not there. */
  | "KeyMissing"
  /** The key service does not answer, or says that it is not well: try again later. */
  | "Unavailable"
  /** It was altered, or sealed for something else. */
  | "Tampered"
  /** It is no seal, or no key. */
  | "Malformed";

/** The only error of this package. Its message never holds anything secret. */
export class KmsError extends Error {
  override readonly name = "KmsError";
  readonly failure: KmsFailure;

  constructor(failure: KmsFailure, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.failure = failure;
  }

  /** Whether the same may work later, without anybody's doing here. */
  get isRetryable(): boolean {
    return this.failure === "Unavailable";
  }
}
