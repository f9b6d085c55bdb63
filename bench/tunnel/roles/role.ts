/** Runs this process as a part of the bench: it is told what to do, and tells where it listens. */
export function runRole<Config>(start: (config: Config) => Promise<number>): void {
  process.once("message", (config) => {
    start(config as Config).then(
      (port) => process.send?.({ port }),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  process.once("disconnect", () => process.exit());
}
