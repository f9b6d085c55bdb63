const firstCeilingMs = 250;
const lastCeilingMs = 30_000;

/**
 * How long to wait before a failed key is tried again, in milliseconds.
 *
 * The ceiling doubles from 250 ms to 30 s and the delay is drawn evenly from its upper half, so a
 * member that stays away is asked about three times a minute, and many members lost together do
 * not come back together. 30 s is client-go's ceiling too (`tools/cache/reflector.go`).
 *
 * @param attempt Failures in a row before this one, from 0.
 * @param draw A draw from [0, 1); passed in so that the function is pure.
 * @throws {RangeError} If `attempt` is negative or not an integer.
 */
export function retryDelayMs(attempt: number, draw: number): number {
  if (!Number.isInteger(attempt) || attempt < 0) {
    throw new RangeError(
      `Cannot compute a retry delay as attempt must be an integer >= 0: it is ${attempt}`,
    );
  }
  const ceiling = Math.min(lastCeilingMs, firstCeilingMs * 2 ** Math.min(attempt, 20));
  return ceiling / 2 + (draw * ceiling) / 2;
}
