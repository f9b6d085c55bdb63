import { OutcomeUnknownError } from "../store/kv-error.ts";
import { k, put, RecordingWatch } from "../store/mvcc-testing.suite.ts";
import { openMysqlStore } from "./open-mysql-store.ts";
import type { WriterAnswer, WriterRequest, WriteOutcome } from "./stalled-writer.suite.ts";

// A program: it writes and watches what its parent asks for, so that the parent can stop it.

const store = await openMysqlStore(process.argv[2] ?? "");
const watch = new RecordingWatch(store, { key: k("\0"), end: k("\0"), startRevision: 2 });

process.on("message", (request: WriterRequest) => {
  void answer(request).then((told) => process.send?.(told satisfies WriterAnswer));
});
process.send?.({ id: 0 } satisfies WriterAnswer);

async function answer({ id, keys, watchedThrough }: WriterRequest): Promise<WriterAnswer> {
  if (keys) return { id, outcomes: await Promise.all(keys.map(write)) };
  await watch.until(({ batches }) => (batches.at(-1)?.revision ?? 0) >= (watchedThrough ?? 0));
  return { id, watched: watch.text };
}

async function write(key: string): Promise<WriteOutcome> {
  try {
    const { revision } = await put(store, key, "1");
    return { key, outcome: "acknowledged", revision };
  } catch (error) {
    return { key, outcome: error instanceof OutcomeUnknownError ? "unknown" : "refused" };
  }
}
