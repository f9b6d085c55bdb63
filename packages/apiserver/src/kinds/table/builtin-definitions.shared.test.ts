import { deepEqual, equal, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseGroupVersion, type ProtobufMessage } from "@cellplane/apimachinery";
import { builtinColumns } from "./builtin-columns.ts";
import { loadBuiltinDefinitions } from "./builtin-definitions.ts";
import { builtinGroups, builtinResources } from "./builtin-resources.ts";

type Json = Readonly<Record<string, unknown>>;
type Named<T> = Readonly<Record<string, T>>;

const shared =
  process.env["CELLPLANE_SHARED"] ?? join(import.meta.dirname, "../../../../../../shared");

function facts(name: string): Named<Named<Json>> {
  const file = join(shared, "reference/data", `${name}.json`);
  return JSON.parse(readFileSync(file, "utf8")) as Named<Named<Json>>;
}

/** The reference has bare names in `$ref`. */
function withBareNames(value: unknown, base: string): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll(`"${base}`, '"')) as unknown;
}

const schemas = facts("builtin-schema");
const table = loadBuiltinDefinitions();

describe("the table of definitions", () => {
  it("has every definition of a real server", () => {
    deepEqual(table.names, Object.keys(schemas["definitions"] ?? {}).sort());
  });

  it("publishes each in OpenAPI v2 as a real server does", () => {
    for (const [name, expected] of Object.entries(schemas["definitions"] ?? {})) {
      deepEqual(withBareNames(table.openApi(name, "v2"), "#/definitions/"), expected, name);
    }
  });

  it("publishes the defaults of a real server in OpenAPI v3", () => {
    for (const name of table.names) {
      const published = table.openApi(name, "v3")?.["properties"] as Named<Json> | undefined;
      const defaults = Object.entries(published ?? {})
        .filter(([, { default: value }]) => value !== undefined)
        .map(([property, { default: value }]) => [property, value]);
      const expected = schemas["defaultsInV3"]?.[name] ?? {};
      deepEqual(Object.fromEntries(defaults), expected, name);
    }
  });

  it("knows the kinds of each group version", () => {
    for (const [name, schema] of Object.entries(schemas["definitions"] ?? {})) {
      const kinds = schema["x-kubernetes-group-version-kind"] ?? [];
      for (const gvk of kinds as { group: string; version: string; kind: string }[]) {
        equal(table.nameOf(gvk), name);
      }
    }
  });

  it("has the number of every field, also of those that JSON has one level higher", () => {
    const messages = facts("protobuf-fields") as unknown as Messages;
    let compared = 0;
    for (const name of table.names) {
      const expected = `k8s.io.${name.slice("io.k8s.".length).replaceAll("-", "_")}`;
      const message = table.messages.message(name);
      if (message === undefined || message.size === 0 || !(expected in messages)) continue;
      compared += compareMessage(message, expected, messages);
    }
    equal(compared, 2148);
  });
});

type Messages = Named<Named<[number, string]>>;

function compareMessage(message: ProtobufMessage, name: string, messages: Messages): number {
  const fields = Object.entries(messages[name] ?? {});
  equal(message.size, fields.length, name);
  let compared = 0;
  for (const [field, [number, type]] of fields) {
    const known = message.get(number);
    ok(known, `${name}.${field}`);
    if ("inline" in known) compared += compareMessage(known.inline, type, messages);
    else {
      ok(isSameField(known.name, field), `${name}.${known.name} is ${field}`);
      compared += 1;
    }
  }
  return compared;
}

/** Names in messages are those of JSON, but for case, dashes and dollars. */
function isSameField(json: string, field: string): boolean {
  return json.replace(/[-$]/g, "").toLowerCase() === field.toLowerCase();
}

describe("the table of resources", () => {
  const expected = facts("builtin-resources");

  it("has the groups of a real server, in its order", () => {
    const groups = expected["groups"] as unknown as { name: string; versions: string[] }[];
    const compared = groups.map(({ name, versions }) => ({ name, versions }));
    deepEqual(builtinGroups(), compared);
  });

  it("has every resource and subresource of a real server, in its order", () => {
    const rows = builtinResources();
    const flat = Object.entries(expected["resources"] ?? {}).flatMap(([gv, resources]) =>
      Object.entries(resources).map(([resource, fact]) => ({ gv, resource, fact: fact as Json })),
    );
    equal(rows.length, flat.length);
    flat.forEach(({ gv, resource, fact }, index) => {
      const row = rows[index];
      ok(row);
      const { group, version, subresources, storageVersionHash, ...rest } = row;
      deepEqual({ group, version }, parseGroupVersion(gv));
      const { singularName, storageVersionHash: hash, subresources: subs, ...others } = fact;
      const wanted = {
        shortNames: [],
        categories: [],
        ...others,
        singular: singularName,
        resource,
      };
      deepEqual({ ...rest }, wanted);
      equal(storageVersionHash, hash);
      const named = Object.entries((subs ?? {}) as Named<Json>).map(([name, sub]) => ({
        name,
        group: sub["group"] ?? group,
        version: sub["version"] ?? version,
        kind: sub["kind"],
        verbs: sub["verbs"],
        namesGroupVersion: sub["group"] !== undefined,
      }));
      deepEqual(subresources, named);
    });
  });

  it("has the columns of a real server", () => {
    for (const [path, columns] of Object.entries(facts("table-columns")["columns"] ?? {})) {
      const parts = path.split("/");
      const [group, version, resource] = parts.length === 3 ? parts : ["", ...parts];
      deepEqual(builtinColumns(group ?? "", version ?? "", resource ?? ""), columns);
    }
  });
});
