import { deepEqual, equal, notEqual, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonValue } from "../meta/json-value.ts";
import { StatusError } from "../status/status-error.ts";
import { applyJsonPatch, findUnknownJsonPatchFields } from "./json-patch.ts";
import { runJsonPatch } from "./run-json-patch.ts";

function refuses(document: JsonValue, body: JsonValue, code: number, message?: RegExp): void {
  throws(
    () => applyJsonPatch(document, body),
    (error) =>
      error instanceof StatusError && error.code === code && (message?.test(error.message) ?? true),
  );
}

describe("applyJsonPatch()", () => {
  const document = { data: { a: "1", "x/y~z": "2" }, list: [1, 2, 3] };

  it("adds, replaces and removes keys, and leaves the document as it was", () => {
    const before = structuredClone(document);
    const patched = applyJsonPatch(document, [
      { op: "add", path: "/data/b", value: { c: 1 } },
      { op: "add", path: "/data/b/d", value: 2 },
      { op: "replace", path: "/data/a", value: "9" },
      { op: "remove", path: "/data/x~1y~0z" },
    ]);
    deepEqual(patched, { data: { a: "9", b: { c: 1, d: 2 } }, list: [1, 2, 3] });
    deepEqual(document, before);
  });

  it("counts list indices from either end", () => {
    const insert = (path: string) =>
      applyJsonPatch({ list: [1, 2] }, [{ op: "add", path, value: 0 }]);
    deepEqual(insert("/list/0"), { list: [0, 1, 2] });
    deepEqual(insert("/list/2"), { list: [1, 2, 0] });
    deepEqual(insert("/list/-"), { list: [1, 2, 0] });
    deepEqual(insert("/list/-1"), { list: [1, 2, 0] });
    deepEqual(insert("/list/-3"), { list: [0, 1, 2] });
    deepEqual(applyJsonPatch({ list: [1, 2] }, [{ op: "remove", path: "/list/-1" }]), {
      list: [1],
    });
  });

  it("refuses an index beyond the list and one that is no number", () => {
    for (const path of ["/list/4", "/list/-5", "/list/one", "/list/"]) {
      refuses(document, [{ op: "add", path, value: 0 }], 422);
    }
    refuses(document, [{ op: "remove", path: "/list/3" }], 422);
    refuses(document, [{ op: "replace", path: "/list/3", value: 0 }], 422);
    refuses(document, [{ op: "test", path: "/list/-", value: 0 }], 422);
  });

  it("moves and copies, and a later change of the copy leaves the original", () => {
    const patched = applyJsonPatch({ a: { n: [1] }, z: 1 }, [
      { op: "add", path: "/a/n/-", value: 2 },
      { op: "copy", from: "/a", path: "/b" },
      { op: "add", path: "/b/n/-", value: 3 },
      { op: "move", from: "/z", path: "/a/z" },
    ]);
    deepEqual(patched, { a: { n: [1, 2], z: 1 }, b: { n: [1, 2, 3] } });
  });

  it("tests values whatever the order of keys, and takes absent for null", () => {
    const same = { a: { x: 1, y: [null] } };
    deepEqual(applyJsonPatch(same, [{ op: "test", path: "/a", value: { y: [null], x: 1 } }]), same);
    deepEqual(applyJsonPatch(same, [{ op: "test", path: "/none", value: null }]), same);
    deepEqual(applyJsonPatch(same, [{ op: "test", path: "", value: same }]), same);
    refuses(same, [{ op: "test", path: "/a/x", value: "1" }], 422);
    refuses(same, [{ op: "test", path: "/a/x" }], 422);
  });

  it("sets a missing key with replace unless the caller wants the error", () => {
    const body = [{ op: "replace", path: "/b", value: 1 }];
    deepEqual(applyJsonPatch({ a: 1 }, body), { a: 1, b: 1 });
    equal(runJsonPatch({ a: 1 }, body, { replaceMissing: "error" }).kind, "failed");
    refuses({ a: 1 }, [{ op: "replace", path: "/b/c", value: 1 }], 422);
  });

  it("replaces the whole document with an object or a list only", () => {
    deepEqual(applyJsonPatch({ a: 1 }, [{ op: "replace", path: "", value: { b: 1 } }]), { b: 1 });
    refuses({ a: 1 }, [{ op: "replace", path: "", value: 1 }], 422);
    refuses({ a: 1 }, [{ op: "add", path: "", value: {} }], 422);
  });

  it("is not led astray by names that every JavaScript object has", () => {
    refuses({}, [{ op: "remove", path: "/constructor" }], 422);
    refuses({}, [{ op: "add", path: "/__proto__/polluted", value: 1 }], 422);
    const patched = applyJsonPatch({}, [{ op: "add", path: "/__proto__", value: { p: 1 } }]);
    equal(JSON.stringify(patched), '{"__proto__":{"p":1}}');
    equal(Object.getPrototypeOf(patched), Object.prototype);
  });

  it("answers 422 without saying what failed, and keeps that as the cause", () => {
    const failing = [{ op: "remove", path: "/data/none" }];
    throws(
      () => applyJsonPatch(document, failing),
      (error) => {
        if (!(error instanceof StatusError)) return false;
        equal(error.message, "the server rejected our request due to an error in our request");
        deepEqual(error.details, {});
        equal(error.reason, "Invalid");
        return String(error.cause).includes("Unable to remove nonexistent key: none");
      },
    );
    refuses(document, [{ op: "frob", path: "/data" }], 422);
    refuses(document, [{ op: "add", value: 1 }], 422);
    refuses(document, [null], 422);
  });

  it("answers 400 for what is no list of operations", () => {
    refuses({}, { op: "add" }, 400, /unmarshal object into Go value of type \[\]handlers/);
    refuses({}, [1], 400, /unmarshal number into Go value of type handlers\.jsonPatchOp$/);
    refuses({}, [{ op: true }], 400, /unmarshal bool into Go struct field jsonPatchOp\.op of type/);
    deepEqual(applyJsonPatch({ a: 1 }, null), { a: 1 });
  });

  it("takes 10000 operations on one list at once, and no more", () => {
    const operation = { op: "add", path: "/list/-", value: 1 };
    const patched = applyJsonPatch(
      { list: [] },
      Array.from({ length: 10_000 }, () => operation),
    );
    notEqual(patched, undefined);
    refuses(
      { list: [] },
      Array.from({ length: 10_001 }, () => operation),
      413,
      /^Request entity too large: The allowed maximum .* is 10000, got 10001$/,
    );
  });

  it("bounds what copies may add", () => {
    const doubling = Array.from({ length: 40 }, () => ({ op: "copy", from: "/a", path: "/a/-" }));
    refuses({ a: ["0123456789"] }, doubling, 422);
  });
});

describe("findUnknownJsonPatchFields()", () => {
  it("names each by its place", () => {
    deepEqual(
      findUnknownJsonPatchFields([
        { op: "test", path: "/a" },
        { op: "add", foo: 1 },
      ]),
      ['json patch unknown field "[1].foo"'],
    );
  });
});
