import { deepEqual, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { OwnClient, type OwnWatchStream } from "../server/own-client.suite.ts";

const puts = 500;
const valueBytes = 100_000;
/** Fifty megabytes are written, which the store has to keep; what waits for a client must be far less. */
const mayGrowBytes = puts * valueBytes + 30 * 2 ** 20;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function usedBytes(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Reads as many events as there are puts; gives their revisions. */
async function readAll(stream: OwnWatchStream): Promise<readonly number[]> {
  const told: number[] = [];
  while (told.length < puts) {
    const { events } = await stream.read();
    for (const { kv } of events) told.push(kv?.modRevision ?? 0);
  }
  return told;
}

describe("a client that does not read its watch", () => {
  it("costs no memory, holds nobody else back, and is told everything once it reads", async () => {
    await using client = await OwnClient.open({ ring: { maxChanges: 10, maxBytes: 2 ** 20 } });
    await using other = await client.connect();
    const slow = other.watch();
    slow.create("k");
    await slow.read();
    const fast = client.watch();
    fast.create("k");
    await fast.read();
    const reading = readAll(fast);
    const before = usedBytes();
    let most = before;
    for (let i = 0; i < puts; i++) {
      await client.put("k", String(i % 10).repeat(valueBytes));
      if (i % 100 === 0) most = Math.max(most, usedBytes());
    }
    const expected = Array.from({ length: puts }, (_, i) => i + 2);
    deepEqual(await reading, expected);
    most = Math.max(most, usedBytes());
    ok(most - before < mayGrowBytes, `memory grew by ${most - before} bytes`);
    deepEqual(await readAll(slow), expected);
    slow.close();
    fast.close();
  });
});
