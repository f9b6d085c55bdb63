import { deepEqual } from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";

/** Lines above which a file fails the build (`npm run ok`). */
const maxLines = 500;

/** Files that may be longer, each with its reason. */
const excused: Readonly<Record<string, string>> = {};

describe("file sizes", () => {
  it(`are at most ${maxLines} lines`, () => {
    const files = globSync("{packages,apps,tools,bench}/**/*.{ts,mjs}", {
      exclude: (path) => path.includes("node_modules"),
    });
    const long = files
      .map((file) => ({ file, lines: readFileSync(file, "utf8").split("\n").length - 1 }))
      .filter(({ file, lines }) => lines > maxLines && !(file in excused));
    deepEqual(long, []);
  });
});
