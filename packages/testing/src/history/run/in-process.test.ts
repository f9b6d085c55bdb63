import { deepEqual, ok } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openMemoryStore } from "@cellplane/kv";
import { createRandom } from "../../model/random.ts";
import { checkHistory } from "../check/check-history.ts";
import { ClientView } from "../generate/client-view.ts";
import { everything } from "../generate/keys.ts";
import { readHistory } from "../record/read-history.ts";
import { Recorder } from "../record/recorder.ts";
import { RecordedWatch } from "./recorded-watch.ts";
import { runClient } from "./run-client.ts";

describe("a run of clients on a store in memory", () => {
  it("leaves a history that keeps all promises", async () => {
    const folder = mkdtempSync(join(tmpdir(), "cellplane-history-"));
    const file = join(folder, "records.jsonl");
    const recorder = new Recorder(file);
    const store = await openMemoryStore();
    const named = { process: "p", request: { ...everything, startRevision: 2, previous: true } };
    const watch = new RecordedWatch(store, { id: "w", ...named }, recorder);
    const stop = new AbortController();
    let answers = 0;
    const onAnswer = (): void => {
      if (++answers === 1500) stop.abort();
    };
    const clients = Array.from({ length: 8 }, (_, i) => {
      const [view, random] = [new ClientView(`c${i}`), createRandom(i)];
      const abilities = { leases: true, compactLag: 300 };
      const parts = { store: () => store, process: "p", random, view, abilities };
      return runClient({ ...parts, recorder, onAnswer }, stop.signal);
    });
    await Promise.all(clients);
    await watch.drain(await store.headRevision());
    await store[Symbol.asyncDispose]();
    recorder[Symbol.dispose]();
    const history = await readHistory([file]);
    const { violations, replay } = checkHistory(history);
    deepEqual(violations, []);
    ok(replay.timelines.head > 300);
    rmSync(folder, { recursive: true });
  });
});
