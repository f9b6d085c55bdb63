import { deepEqual, equal } from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { invalidObject, type KubernetesObject, type StatusCause } from "@cellplane/apimachinery";
import { defaultCrd, prepareNewCrd } from "../crd-defaults.ts";
import { validateCrd } from "./validate-crd.ts";

interface Case {
  readonly name: string;
  readonly why: string;
  readonly steps: readonly {
    readonly request: { readonly method: string; readonly body?: KubernetesObject };
    readonly expect: {
      readonly status: number;
      readonly body?: {
        readonly message?: string;
        readonly details?: {
          readonly causes?:
            | { readonly $unordered?: readonly StatusCause[] }
            | readonly StatusCause[];
        };
      };
    };
  }[];
}

const shared =
  process.env["CELLPLANE_SHARED"] ?? join(import.meta.dirname, "../../../../../../shared");
// What a CEL rule means is not looked at here.
const skipped = new Set(["invalid-cel-cost"]);

describe("validateCrd() against recorded answers", () => {
  for (const file of globSync(join(shared, "conformance/cases/crd/invalid-*.json"))) {
    const recorded = JSON.parse(readFileSync(file, "utf8")) as Case;
    if (skipped.has(recorded.name)) continue;
    it(`${recorded.name}: ${recorded.why}`, () => {
      for (const { request, expect } of recorded.steps) {
        if (!request.body || expect.status !== 422) continue;
        const id = (value: unknown): unknown =>
          JSON.parse(JSON.stringify(value).replaceAll("{{id}}", "abcdefgh"));
        const crd = prepareNewCrd(defaultCrd(id(request.body) as KubernetesObject));
        const error = invalidObject(
          {
            group: "apiextensions.k8s.io",
            kind: "CustomResourceDefinition",
            name: crd.metadata.name ?? "",
          },
          validateCrd(crd),
        );
        const causes = expect.body?.details?.causes;
        const wanted = id(causes && "$unordered" in causes ? causes.$unordered : causes);
        deepEqual(
          sortCauses(error.details?.causes ?? []),
          sortCauses(wanted as readonly StatusCause[]),
        );
        const message = expect.body?.message ?? "";
        if (!message.includes("{{string}}")) equal(error.message, id(message));
      }
    });
  }
});

function sortCauses(causes: readonly StatusCause[]): readonly StatusCause[] {
  return causes.toSorted((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));
}
