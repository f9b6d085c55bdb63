import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import type { CachedObject } from "./cached-object.ts";
import { ObjectIndex } from "./object-index.ts";

function objectAt(path: string): CachedObject {
  const [namespace = "", name = ""] = path.includes("/") ? path.split("/") : ["", path];
  return {
    kind: "K",
    apiVersion: "v1",
    tail: Buffer.from("}}"),
    namespace,
    name,
    revision: 1,
    labels: undefined,
    fields: undefined,
  };
}

function indexOf(...paths: readonly string[]): ObjectIndex {
  const index = new ObjectIndex();
  for (const path of paths) index.put(objectAt(path));
  return index;
}

function pathsOf(objects: Iterable<CachedObject>): readonly string[] {
  return Array.from(objects, ({ namespace, name }) => `${namespace}/${name}`);
}

describe("ObjectIndex", () => {
  it("walks in the order of the keys' bytes, not of the namespaces' names", () => {
    // A dash sorts before the slash that ends a namespace.
    const index = indexOf("a/z", "a-b/x", "a/b", "b/a");
    deepEqual(pathsOf(index.walk(undefined)), ["a-b/x", "a/b", "a/z", "b/a"]);
  });

  it("starts anywhere, in one namespace and over all", () => {
    const index = indexOf("a/1", "a/2", "b/1", "c/1");
    deepEqual(pathsOf(index.walk(undefined, "a/2")), ["a/2", "b/1", "c/1"]);
    deepEqual(pathsOf(index.walk(undefined, "a/2\0")), ["b/1", "c/1"]);
    deepEqual(pathsOf(index.walk("a", "a/1\0")), ["a/2"]);
  });

  it("walks objects without namespaces", () => {
    const index = indexOf("b", "a", "c");
    deepEqual(pathsOf(index.walk("", "b")), ["/b", "/c"]);
    deepEqual(pathsOf(index.walk(undefined)), ["/a", "/b", "/c"]);
  });

  it("forgets a namespace with its last object, and counts", () => {
    const index = indexOf("a/1", "a/2", "b/1");
    equal(index.count("a"), 2);
    equal(index.delete("a", "1")?.name, "1");
    equal(index.delete("a", "1"), undefined);
    index.delete("a", "2");
    deepEqual(pathsOf(index.walk(undefined)), ["b/1"]);
    equal(index.count(undefined), 1);
    equal(index.count("a"), 0);
  });
});
