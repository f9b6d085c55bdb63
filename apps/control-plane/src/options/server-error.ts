/** A reason not to start that the operator can do something about: told without a stack trace. */
export class ServerError extends Error {
  override readonly name = "ServerError";
}
