import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import type { KubernetesObject, ManagedFieldsEntry } from "../meta/kubernetes-object.ts";
import { createSchemaCompiler } from "../schema/compile-schema.ts";
import { objectMetaSchema } from "../schema/object-meta-schema.ts";
import { updateManagedFields, type UpdateManagedFieldsInput } from "./update-managed-fields.ts";

const text = { type: "string" };
const properties = {
  apiVersion: text,
  kind: text,
  metadata: objectMetaSchema,
  spec: {
    type: "object",
    properties: {
      a: text,
      names: { type: "array", items: text },
      data: { type: "object", additionalProperties: text },
    },
  },
  status: { type: "object", properties: { s: text } },
};
const compile = createSchemaCompiler(() => ({ type: "object", properties }));
const schema = compile({ type: "object", properties });
const builtIn = compile({ $ref: "Thing" });

function thing(spec: KubernetesObject["spec"], managedFields?: readonly ManagedFieldsEntry[]) {
  const metadata = { name: "t", uid: "u", ...(managedFields ? { managedFields } : {}) };
  return { apiVersion: "ex/v1", kind: "Thing", metadata, spec } satisfies KubernetesObject;
}

function update(
  input: Pick<UpdateManagedFieldsInput, "live" | "updated"> & Partial<UpdateManagedFieldsInput>,
): readonly ManagedFieldsEntry[] | undefined {
  const defaults = { manager: "m", apiVersion: "ex/v1", schema, nowIso: at(0) };
  return updateManagedFields({ ...defaults, ...input });
}

function at(second: number): string {
  return `2026-01-01T00:00:${String(second).padStart(2, "0")}Z`;
}

function entry(manager: string, fieldsV1: ManagedFieldsEntry["fieldsV1"] = {}): ManagedFieldsEntry {
  return {
    manager,
    operation: "Update",
    apiVersion: "ex/v1",
    time: at(0),
    fieldsType: "FieldsV1",
    fieldsV1,
  };
}

describe("updateManagedFields()", () => {
  it("gives a creator all that is new, but not what the server sets", () => {
    deepEqual(update({ live: undefined, updated: thing({ a: "1", data: { k: "v" } }) }), [
      entry("m", { "f:spec": { ".": {}, "f:a": {}, "f:data": { ".": {}, "f:k": {} } } }),
    ]);
  });

  it("does not give the creator of a built-in object its plain structs", () => {
    deepEqual(update({ live: undefined, updated: thing({ a: "1" }), schema: builtIn }), [
      entry("m", { "f:spec": { "f:a": {} } }),
    ]);
  });

  it("moves what another manager changes, and drops what is gone from everyone", () => {
    const live = thing({ a: "1", data: { k: "v", z: "v" } }, [
      entry("one", { "f:spec": { "f:a": {}, "f:data": { ".": {}, "f:k": {}, "f:z": {} } } }),
    ]);
    const managedFields = live.metadata.managedFields;
    deepEqual(
      update({
        live,
        updated: thing({ a: "2", data: { k: "v" } }, managedFields),
        manager: "two",
        nowIso: at(5),
      }),
      [
        entry("one", { "f:spec": { "f:data": { ".": {}, "f:k": {} } } }),
        { ...entry("two", { "f:spec": { "f:a": {} } }), time: at(5) },
      ],
    );
  });

  it("adds to the entry that the manager has, and its time moves with the object", () => {
    const live = thing({ a: "1" }, [entry("m", { "f:spec": { ".": {}, "f:a": {} } })]);
    const updated = thing({ a: "2", names: [] });
    deepEqual(update({ live, updated, nowIso: at(9) }), [
      { ...entry("m", { "f:spec": { ".": {}, "f:a": {}, "f:names": {} } }), time: at(9) },
    ]);
  });

  it("returns the very entries of the live object if nothing changed", () => {
    const live = thing({ a: "1" }, [entry("m", { "f:spec": { "f:a": {} } })]);
    const updated = structuredClone(live);
    equal(update({ live, updated, manager: "other", nowIso: at(9) }), live.metadata.managedFields);
    equal(update({ live, updated: thing({ a: "1" }) }), live.metadata.managedFields);
  });

  it("keeps apart what a manager does to a subresource, and ignores entries sent to it", () => {
    const live = thing({}, [entry("m", { "f:spec": {} })]);
    const updated = { ...thing({}, []), status: { s: "1" } };
    const resetFields = { "f:spec": {}, "f:metadata": {} };
    deepEqual(update({ live, updated, subresource: "status", resetFields }), [
      entry("m", { "f:spec": {} }),
      { ...entry("m", { "f:status": { ".": {}, "f:s": {} } }), subresource: "status" },
    ]);
  });

  it("never owns fields that the endpoint resets", () => {
    const live = thing({ a: "1" }, [entry("m", { "f:spec": { "f:a": {} } })]);
    const updated = { ...thing({ a: "1" }), status: { s: "1" } };
    const resetFields = { "f:status": {} };
    equal(update({ live, updated, resetFields }), live.metadata.managedFields);
  });

  it("takes entries that the client sends, and the stored ones if these are not valid", () => {
    const stored = [entry("old", { "f:spec": { "f:a": {} } })];
    const live = thing({ a: "1" }, stored);
    const sent = [entry("new", { "f:spec": { "f:a": {} } })];
    deepEqual(update({ live, updated: thing({ a: "1" }, sent) }), sent);
    const { apiVersion: _, ...noVersion } = entry("new");
    equal(update({ live, updated: thing({ a: "1" }, [noVersion]) }), stored);
    equal(update({ live, updated: thing({ a: "1" }, [entry("x", { odd: {} })]) }), stored);
  });

  it("forgets who owns what when asked to with [{}], or with [] in a built-in kind", () => {
    const live = thing({ a: "1" }, [entry("m", { "f:spec": { "f:a": {} } })]);
    equal(update({ live, updated: thing({ a: "2" }, [{}]) }), undefined);
    equal(update({ live, updated: thing({ a: "2" }, []), schema: builtIn }), undefined);
    deepEqual(update({ live, updated: thing({ a: "1" }, []) }), live.metadata.managedFields);
  });

  it("tracks nothing on an object that has no entries", () => {
    equal(update({ live: thing({ a: "1" }), updated: thing({ a: "2" }) }), undefined);
  });

  it("merges the oldest of more than ten updaters", () => {
    let live = thing({ data: {} });
    let entries: readonly ManagedFieldsEntry[] = [entry("m", { "f:spec": { "f:data": {} } })];
    const data: Record<string, string> = {};
    for (let index = 0; index < 12; index += 1) {
      live = thing({ data: { ...data } }, entries);
      data[`k${index}`] = "v";
      const manager = `m${String(index).padStart(2, "0")}`;
      const updated = thing({ data: { ...data } }, entries);
      entries = update({ live, updated, manager, nowIso: at(index + 1) }) ?? [];
    }
    equal(entries.length, 10);
    deepEqual(entries[0], {
      ...entry("ancient-changes", {
        "f:spec": { "f:data": { ".": {}, "f:k0": {}, "f:k1": {}, "f:k2": {} } },
      }),
      time: at(3),
    });
    equal(entries[9]?.manager, "m11");
  });

  it("gives a list that became atomic to those who owned its items", () => {
    const live = thing({ names: ["a"] }, [
      entry("m", { "f:spec": { "f:names": { ".": {}, 'v:"a"': {} } } }),
    ]);
    deepEqual(update({ live, updated: thing({ names: ["a"], a: "1" }), manager: "n" }), [
      entry("m", { "f:spec": { "f:names": {} } }),
      entry("n", { "f:spec": { "f:a": {} } }),
    ]);
  });

  it("compares in the version of each entry, and drops those of a version that is gone", () => {
    const old = { ...entry("old", { "f:spec": { "f:was": {} } }), apiVersion: "ex/v0" };
    const gone = { ...entry("gone", { "f:spec": { "f:a": {} } }), apiVersion: "ex/v-1" };
    const live = thing({ a: "1" }, [gone, old]);
    const entries = update({
      live,
      updated: thing({ a: "2" }, live.metadata.managedFields),
      toVersion: (object, apiVersion) => {
        if (apiVersion === "ex/v1") return { object, schema };
        if (apiVersion !== "ex/v0") return undefined;
        const { spec } = object as unknown as { readonly spec: { readonly a: string } };
        return { object: { ...object, apiVersion, spec: { was: spec.a } }, schema: undefined };
      },
    });
    deepEqual(entries, [entry("m", { "f:spec": { "f:a": {} } })]);
  });
});
