import { isDatabaseUnavailable, type Logger } from "@cellplane/apiserver";
import type { ErrorReporter } from "@cellplane/controllers";

/**
 * Writes what controllers could not do to the log; they try again by themselves. That the server's
 * own database is away is told once, by whoever watches over the store.
 */
export function reportErrors(logger: Logger): ErrorReporter {
  return (error, fields) => {
    if (isDatabaseUnavailable(error)) return;
    logger.warn({ ...fields, err: error }, "a controller met an error and tries again");
  };
}
