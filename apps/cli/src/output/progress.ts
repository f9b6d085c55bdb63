import { Listr, ListrLogger, ProcessOutput } from "listr2";

/** One step of a command, told while it runs. */
export interface Step<Context> {
  readonly title: string;
  /** May tell more with `tell`, e.g. what it waits for. */
  readonly run: (context: Context, tell: (text: string) => void) => Promise<void>;
}

/**
 * Runs steps in order and tells each on standard error, so that standard output holds only the
 * result. Rejects with what the first failing step threw.
 */
export async function runSteps<Context extends object>(
  steps: readonly Step<Context>[],
  context: Context,
): Promise<void> {
  const logger = new ListrLogger({
    processOutput: new ProcessOutput(process.stderr, process.stderr),
  });
  const tasks = steps.map((step) => ({
    title: step.title,
    task: async (given: Context, task: { output?: string | undefined }): Promise<void> => {
      await step.run(given, (text) => {
        task.output = text;
      });
    },
  }));
  const isTerminal = process.stderr.isTTY;
  await new Listr<Context, "default" | "simple">(tasks, {
    ctx: context,
    renderer: isTerminal ? "default" : "simple",
    rendererOptions: { logger },
    fallbackRendererOptions: { logger },
    silentRendererCondition: false,
  }).run();
}
