/** An encryption configuration that cannot be used. The message never holds any of its secrets. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}
