// Longer than most reconciles; far shorter than any time-out of those who wait.
const turnMs = 10;

const nextTurn: (resume: () => void) => void =
  typeof setImmediate === "function"
    ? (resume) => void setImmediate(resume)
    : (resume) => void setTimeout(resume, 0);

let turnBeganMs = 0;

/**
 * Lets timers and input have their turn, where ten milliseconds have gone by without. Work that never waits for
 * anything outside the process (a thousand objects that are all in step) would hold up everything
 * else in it otherwise: probes, the lease, requests.
 */
export function takeTurns(): Promise<void> | undefined {
  const nowMs = performance.now();
  if (turnBeganMs === 0) turnBeganMs = nowMs;
  if (nowMs - turnBeganMs < turnMs) return undefined;
  return new Promise((resolve) => {
    nextTurn(() => {
      turnBeganMs = performance.now();
      resolve();
    });
  });
}
