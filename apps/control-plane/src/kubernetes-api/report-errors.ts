import type { Logger } from "@cellplane/apiserver";
import type { ErrorReporter } from "@cellplane/controllers";

/** Writes what controllers could not do to the log; they try again by themselves. */
export function reportErrors(logger: Logger): ErrorReporter {
  return (error, fields) => {
    logger.warn({ ...fields, err: error }, "a controller met an error and tries again");
  };
}
