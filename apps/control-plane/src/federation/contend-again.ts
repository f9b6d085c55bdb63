import type { Logger } from "@cellplane/apiserver";
import { type Controller, LeaseLostError } from "@cellplane/controllers";

/**
 * A led controller that contends for the lock again after it has lost it. An API server with its
 * controllers in one process must not end because the process was held up for longer than a
 * lease: whoever holds the lock then leads, and if nobody does, this one goes on.
 */
export function contendAgain(led: Controller, logger: Logger): Controller {
  return {
    name: led.name,
    run: async (signal) => {
      while (!signal.aborted) {
        try {
          await led.run(signal);
          return;
        } catch (error) {
          if (signal.aborted || !(error instanceof LeaseLostError)) throw error;
          logger.error(
            { err: error },
            "lost the lease: nothing more is written until it is held again",
          );
        }
      }
    },
  };
}
