import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import type { LogChange } from "../store/revision-log.ts";
import { commitMessages } from "./commit-messages.ts";

const mark = { token: 7, writer: 1, batch: 2, before: 1, ended: new Set<number>() };
const mebibyte = 1024 * 1024;

const change = (sub: number, key: string, value?: Buffer): LogChange => ({
  kind: value ? "put" : "delete",
  key,
  revision: 2,
  sub,
  createRevision: value ? 2 : 0,
  version: value ? 1 : 0,
  lease: 0,
  previousRevision: 0,
  previousSub: 0,
  value,
  previous: undefined,
});

const heads = (changes: readonly LogChange[]): readonly (readonly string[])[] =>
  commitMessages(changes, mark).map((message) =>
    message.map((statement) => statement.split(" ").slice(0, 3).join(" ")),
  );

describe("commitMessages()", () => {
  it("is one message that ends with the commit", () => {
    deepEqual(heads([change(0, "a", Buffer.from("1")), change(1, "b")]), [
      [
        "INSERT INTO kv_log",
        "REPLACE INTO kv_current",
        "DELETE FROM kv_current",
        "UPDATE kv_writer SET",
        "UPDATE kv_meta SET",
        "COMMIT",
      ],
    ]);
  });

  it("stays below 16 MiB a message, with large values and with very many keys", () => {
    const large = Array.from({ length: 5 }, (_, i) =>
      change(i, `k${i}`, Buffer.alloc(3 * mebibyte)),
    );
    const many = Array.from({ length: 9000 }, (_, i) => change(i, `${"k".repeat(1000)}${i}`));
    for (const changes of [large, many]) {
      const messages = commitMessages(changes, mark);
      ok(messages.length > 1);
      for (const message of messages) ok(message.join(";\n").length < 15 * mebibyte);
      const statements = messages.flat();
      equal(statements.filter((statement) => statement === "COMMIT").length, 1);
      equal(statements.at(-1), "COMMIT");
      const inserts = statements.filter((statement) => statement.startsWith("INSERT"));
      const rows = inserts.map((statement) => statement.split("), (").length);
      equal(
        rows.reduce((sum, count) => sum + count, 0),
        changes.length,
      );
    }
  });
});
