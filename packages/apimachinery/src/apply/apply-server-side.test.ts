import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { JsonObject } from "../meta/json-value.ts";
import type { KubernetesObject, ManagedFieldsEntry } from "../meta/kubernetes-object.ts";
import { compileCustomResourceSchema } from "../schema/compile-schema.ts";
import { StatusError } from "../status/status-error.ts";
import {
  applyConflictError,
  type ApplyOutcome,
  applyServerSide,
  type ApplyServerSideInput,
} from "./apply-server-side.ts";
import { updateManagedFields } from "./update-managed-fields.ts";

const text = { type: "string" };
const schema = compileCustomResourceSchema({
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        a: text,
        data: { type: "object", additionalProperties: text },
        items: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
          items: { type: "object", required: ["name"], properties: { name: text, v: text } },
        },
      },
    },
    status: { type: "object", properties: { s: text } },
  },
});
const now = "2026-01-01T00:00:00Z";
const later = "2026-01-01T00:00:09Z";
const annotation = "kubectl.kubernetes.io/last-applied-configuration";

type Spec = JsonObject | undefined;

function thing(spec: Spec, metadata: KubernetesObject["metadata"] = {}): KubernetesObject {
  return {
    apiVersion: "ex/v1",
    kind: "Thing",
    metadata: { name: "t", ...metadata },
    ...(spec === undefined ? {} : { spec }),
  };
}

function apply(
  live: KubernetesObject | undefined,
  spec: Spec,
  options: Partial<ApplyServerSideInput> = {},
): ApplyOutcome {
  return applyServerSide({
    live,
    applied: thing(spec),
    manager: "one",
    force: false,
    apiVersion: "ex/v1",
    kind: "Thing",
    schema,
    nowIso: now,
    ...options,
  });
}

function applied(...parameters: Parameters<typeof apply>): KubernetesObject {
  const outcome = apply(...parameters);
  ok(outcome.kind === "applied", JSON.stringify(outcome));
  return outcome.object;
}

function ownersOf({ metadata }: KubernetesObject): JsonObject {
  return Object.fromEntries(
    (metadata.managedFields ?? []).map((entry) => [entry.manager ?? "", entry.fieldsV1]),
  );
}

function created(spec: Spec, manager: string, metadata = {}): KubernetesObject {
  const updated = thing(spec, metadata);
  const managedFields = updateManagedFields({
    live: undefined,
    updated,
    manager,
    apiVersion: "ex/v1",
    schema,
    nowIso: now,
  });
  return thing(spec, { ...metadata, uid: "u", ...(managedFields ? { managedFields } : {}) });
}

function messageOf(act: () => unknown): readonly [number, string] {
  try {
    act();
  } catch (error) {
    if (error instanceof StatusError) return [error.code, error.message];
    throw error;
  }
  return [200, ""];
}

describe("applyServerSide()", () => {
  it("creates, with one entry of what is applied", () => {
    const entry: ManagedFieldsEntry = {
      manager: "one",
      operation: "Apply",
      apiVersion: "ex/v1",
      time: now,
      fieldsType: "FieldsV1",
      fieldsV1: { "f:spec": { "f:data": { "f:k": {} } } },
    };
    deepEqual(applied(undefined, { data: { k: "1" } }), {
      ...thing({ data: { k: "1" } }, { managedFields: [entry] }),
    });
  });

  it("changes nothing the second time", () => {
    const live = applied(undefined, { a: "1" });
    const again = apply(live, { a: "1" }, { nowIso: later });
    deepEqual(again, { kind: "applied", object: live, changed: false });
  });

  it("removes what is no longer applied, with all of an item", () => {
    const live = applied(undefined, { a: "1", items: [{ name: "x", v: "1" }, { name: "y" }] });
    deepEqual(applied(live, { items: [{ name: "y" }] })["spec"], { items: [{ name: "y" }] });
    const none = applied(live, undefined);
    deepEqual([none["spec"], none.metadata.managedFields], [undefined, undefined]);
  });

  it("shares a value that two apply, and removes it when both let go", () => {
    const first = applied(undefined, { a: "1" });
    const second = applied(first, { a: "1" }, { manager: "two" });
    const third = applied(second, undefined);
    deepEqual([third["spec"], ownersOf(third)], [{ a: "1" }, { two: { "f:spec": { "f:a": {} } } }]);
    equal(applied(third, undefined, { manager: "two" })["spec"], undefined);
  });

  it("keeps an entry without a time if the object did not change", () => {
    const live = created({ a: "1" }, "upd");
    const [one] = applied(live, { a: "1" }).metadata.managedFields ?? [];
    deepEqual([one?.manager, one?.time], ["one", undefined]);
  });

  it("conflicts over other values, names fields and managers, and takes over by force", () => {
    const live = applied(created({ a: "1" }, "upd"), { data: { k: "1", z: "1" } });
    const outcome = apply(live, { a: "2", data: { k: "2", z: "1" } }, { manager: "two" });
    ok(outcome.kind === "conflict");
    equal(
      outcome.message,
      'Apply failed with 2 conflicts: conflicts with "one":\n- .spec.data.k\nconflicts with "upd" using ex/v1:\n- .spec.a',
    );
    deepEqual(applyConflictError(outcome).details?.causes, [
      { reason: "FieldManagerConflict", message: 'conflict with "one"', field: ".spec.data.k" },
      {
        reason: "FieldManagerConflict",
        message: 'conflict with "upd" using ex/v1',
        field: ".spec.a",
      },
    ]);
    const forced = applied(live, { a: "2" }, { manager: "two", force: true });
    deepEqual(ownersOf(forced)["two"], { "f:spec": { "f:a": {} } });
    equal((forced["spec"] as JsonObject)["a"], "2");
  });

  it("says a single conflict on one line, with the subresource", () => {
    const live = applied(undefined, { a: "1" }, { subresource: "scale" });
    const outcome = apply(live, { a: "2" });
    equal(
      outcome.kind === "conflict" && outcome.message,
      'Apply failed with 1 conflict: conflict with "one" with subresource "scale": .spec.a',
    );
  });

  it("calls who made an object without entries before-first-apply", () => {
    const live = thing({ a: "1" }, { uid: "u" });
    deepEqual(ownersOf(applied(live, { data: { k: "v" } })), {
      "before-first-apply": { "f:spec": { ".": {}, "f:a": {} } },
      one: { "f:spec": { "f:data": { "f:k": {} } } },
    });
  });

  it("does not own what the endpoint resets", () => {
    const body = { ...thing({ a: "1" }), status: { s: "1" } };
    const options = { applied: body, resetFields: { "f:status": {} } };
    deepEqual(ownersOf(applied(undefined, {}, options)), { one: { "f:spec": { "f:a": {} } } });
  });

  it("lets kubectl take over what it applied on the client's side, and renews the annotation", () => {
    const before = `{"apiVersion":"ex/v1","kind":"Thing","metadata":{"name":"t"},"spec":{"a":"1"}}\n`;
    const live = created({ a: "1", data: { k: "x" } }, "kubectl-client-side-apply", {
      annotations: { [annotation]: before },
    });
    const options = { manager: "kubectl" };
    const taken = applied(live, { a: "2" }, options);
    equal(taken.metadata.annotations?.[annotation], before.replace('"1"', '"2"'));
    deepEqual(ownersOf(taken)["kubectl"], { "f:spec": { "f:a": {} } });
    equal(apply(live, { a: "2" }).kind, "conflict", "another manager may not");
    const outcome = apply(live, { a: "2", data: { k: "y" } }, options);
    equal(
      outcome.kind === "conflict" && outcome.message,
      'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using ex/v1: .spec.data.k',
    );
  });

  it("refuses another type, managedFields and what does not fit the schema", () => {
    const body = (change: object): KubernetesObject => ({ ...thing({}), ...change });
    deepEqual(
      [
        messageOf(() => apply(undefined, {}, { applied: body({ kind: "Other" }) })),
        messageOf(() => apply(undefined, {}, { applied: body({ apiVersion: "v1" }) })),
        messageOf(() => apply(undefined, {}, { applied: thing({}, { managedFields: [] }) })),
        messageOf(() => apply(undefined, { odd: 1 })),
        messageOf(() => apply(undefined, { items: [{ name: "a" }, { name: "a" }] })),
      ],
      [
        [400, "invalid object type: ex/v1, Kind=Other"],
        [400, "invalid object type: /v1, Kind=Thing"],
        [400, "metadata.managedFields must be nil"],
        [
          500,
          "failed to create typed patch object (/t; ex/v1, Kind=Thing): .spec.odd: field not declared in schema",
        ],
        [
          500,
          'failed to create typed patch object (/t; ex/v1, Kind=Thing): .spec.items: duplicate entries for key [name="a"]',
        ],
      ],
    );
  });

  it("needs no schema: maps are then owned by key and lists whole", () => {
    const object = applied(undefined, { a: { b: [{ c: 1 }] } }, { schema: undefined });
    deepEqual(ownersOf(object)["one"], {
      "f:spec": { ".": {}, "f:a": { ".": {}, "f:b": {} } },
    });
    throws(() => apply(undefined, { a: {} }), StatusError);
  });

  const letter = fc.constantFrom("a", "b", "c");
  // Never empty: a map or list that loses all it had becomes null, which validation then refuses.
  const spec: fc.Arbitrary<JsonObject> = fc.record(
    {
      a: letter,
      data: fc.dictionary(letter, letter, { minKeys: 1, noNullPrototype: true }),
      items: fc
        .uniqueArray(letter, { minLength: 1 })
        .chain((names) =>
          fc.tuple(...names.map((name) => fc.record({ name: fc.constant(name), v: letter }))),
        ),
    },
    { requiredKeys: ["a"], noNullPrototype: true },
  );

  it("is done at once: the same apply again returns the live object, whoever else applied", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom("one", "two"), spec), { minLength: 1 }),
        (all) => {
          let live: KubernetesObject | undefined;
          for (const [manager, each] of all) live = applied(live, each, { manager, force: true });
          const [manager, last] = all.at(-1) ?? ["", {}];
          const again = apply(live, last, { manager, nowIso: later });
          ok(again.kind === "applied");
          equal(again.changed, false);
        },
      ),
    );
  });

  it("leaves nothing behind once everybody applies nothing", () => {
    fc.assert(
      fc.property(spec, spec, (first, second) => {
        let live = applied(undefined, first);
        live = applied(live, second, { manager: "two", force: true });
        live = applied(live, undefined);
        live = applied(live, undefined, { manager: "two" });
        equal(live.metadata.managedFields, undefined);
        const rest = JSON.stringify(live["spec"] ?? {});
        ok(!/"[abc]":"|"name"/.test(rest), rest);
      }),
    );
  });
});
