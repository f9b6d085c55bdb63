import { writeSync } from "node:fs";
import { k } from "../../store/mvcc-testing.suite.ts";
import { openSqliteStore } from "./open-sqlite-store.ts";

/**
 * A program for the durability tests: opens the store whose path is its argument, and writes with
 * 16 clients until it is killed. Each acknowledged write is a line `client number revision`.
 */
async function main(path: string): Promise<void> {
  const store = await openSqliteStore({ path });
  writeSync(1, "open\n");
  const client = async (name: number): Promise<void> => {
    for (let i = 1; ; i++) {
      const value = k(`${i}`.padEnd(500, "."));
      const { revision } = await store.txn({
        compare: [],
        success: [{ kind: "put", key: k(`client-${name}`), value }],
        failure: [],
      });
      // Synchronous, so that a line is out before the kill can hit.
      writeSync(1, `${name} ${i} ${revision}\n`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, (_, name) => client(name)));
}

const [path] = process.argv.slice(2);
if (path) await main(path);
