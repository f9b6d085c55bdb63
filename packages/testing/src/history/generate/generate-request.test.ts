import { deepEqual, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { createRandom } from "../../model/random.ts";
import { ClientView } from "./client-view.ts";
import { type Generated, generateRequest } from "./generate-request.ts";

function generate(seed: number, count: number): readonly Generated[] {
  const random = createRandom(seed);
  const view = new ClientView("c");
  view.head = view.collected = 5000;
  view.leases.push(7);
  return Array.from({ length: count }, () =>
    generateRequest(random, view, { leases: true, compactLag: 300 }),
  );
}

describe("generateRequest()", () => {
  it("repeats itself for the same seed, and only then", () => {
    deepEqual(generate(1, 200), generate(1, 200));
    ok(JSON.stringify(generate(1, 200)) !== JSON.stringify(generate(2, 200)));
  });

  it("makes all kinds of requests", () => {
    const labels = new Set(generate(3, 5000).map(({ label }) => label));
    deepEqual(labels.size, 18);
  });

  it("compacts only what is collected, and not near the head", () => {
    const compacted = generate(4, 5000).flatMap(({ request }) =>
      request.do === "compact" ? [request.revision] : [],
    );
    ok(compacted.length > 0);
    ok(compacted.every((revision) => revision <= 4700));
  });
});
