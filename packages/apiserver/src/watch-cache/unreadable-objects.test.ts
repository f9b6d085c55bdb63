import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import type { ValueTransformer } from "../storage/value-transformer.ts";
import { OpenedValues } from "./opened-values.ts";
import { UnreadableObjects } from "./unreadable-objects.ts";

describe("UnreadableObjects", () => {
  it("fails the object, and lists that it belongs to, and no others", () => {
    const objects = new UnreadableObjects();
    objects.put("ns/one", new Error("no key"));
    throws(() => objects.checkObject("ns/one"), /no key/);
    throws(() => objects.checkAll("ns"), /no key/);
    throws(() => objects.checkAll(undefined), /no key/);
    objects.checkObject("ns/two");
    objects.checkAll("other");
    objects.delete("ns/one");
    objects.checkAll(undefined);
  });

  it("hands out all of many in turn", () => {
    const objects = new UnreadableObjects();
    const paths = Array.from({ length: 50 }, (_, at) => `ns/${at}`);
    for (const path of paths) objects.put(path, new Error("no key"));
    const taken = new Set([...objects.takeSome(), ...objects.takeSome()]);
    equal(taken.size, 50);
  });
});

describe("OpenedValues", () => {
  it("decrypts a value once, at each revision, and not again what failed", async () => {
    const asked: string[] = [];
    const values: ValueTransformer = {
      toStore: (value) => value,
      fromStore: async (value, key) => {
        asked.push(`${key} ${value.toString()}`);
        if (value.toString() === "bad" && asked.length < 4) throw new Error("away");
        return value;
      },
      isStale: () => false,
    };
    const opened = new OpenedValues(values);
    const kv = (value: string, modRevision: number) => ({
      key: Buffer.from("k"),
      value: Buffer.from(value),
      modRevision,
    });
    const all = await Promise.all([
      opened.open(kv("a", 1)),
      opened.open(kv("a", 1)),
      opened.open(kv("b", 2)),
    ]);
    deepEqual(all.map(String), ["a", "a", "b"]);
    await Promise.resolve(opened.open(kv("bad", 3))).catch(() => undefined);
    equal(String(await opened.open(kv("bad", 3))), "bad");
    deepEqual(asked, ["k a", "k b", "k bad", "k bad"]);
  });
});
