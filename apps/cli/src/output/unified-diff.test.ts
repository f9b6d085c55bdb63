import { equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { array, assert, constantFrom, property } from "fast-check";
import { unifiedDiff } from "./unified-diff.ts";

const diff = (before: string, after: string): string =>
  unifiedDiff({ name: "a", text: before }, { name: "b", text: after });

/** The text that a patch makes of another one. */
function patch(before: string, unified: string): string {
  const lines = before === "" ? [] : before.slice(0, -1).split("\n");
  const result: string[] = [];
  let at = 0;
  for (const line of unified.split("\n").slice(2)) {
    const hunk = /^@@ -(\d+)(?:,(\d+))? /.exec(line);
    if (hunk) {
      const start = Number(hunk[1]) - (hunk[2] === "0" ? 0 : 1);
      while (at < start) result.push(lines[at++] ?? "");
    } else if (line.startsWith(" ")) {
      equal(lines[at], line.slice(1));
      result.push(lines[at++] ?? "");
    } else if (line.startsWith("-")) equal(lines[at++], line.slice(1));
    else if (line.startsWith("+")) result.push(line.slice(1));
  }
  const whole = [...result, ...lines.slice(at)];
  return whole.length === 0 ? "" : `${whole.join("\n")}\n`;
}

const texts = array(constantFrom("a", "b", "c"), { maxLength: 30 }).map((lines) =>
  lines.map((line) => `${line}\n`).join(""),
);

describe("unifiedDiff()", () => {
  it("shows changes with three lines around them, near ones together", () => {
    const before = Array.from({ length: 20 }, (_, index) => `${index}\n`).join("");
    const after = before.replace("5\n", "five\n").replace("9\n", "").replace("19\n", "19\n20\n");
    equal(
      diff(before, after),
      `--- a
+++ b
@@ -3,11 +3,10 @@
 2
 3
 4
-5
+five
 6
 7
 8
-9
 10
 11
 12
@@ -18,3 +17,4 @@
 17
 18
 19
+20
`,
    );
  });

  it("shows nothing where nothing differs, and what is new or gone as a whole", () => {
    equal(diff("a\n", "a\n"), "");
    equal(diff("", "a\nb\n"), "--- a\n+++ b\n@@ -0,0 +1,2 @@\n+a\n+b\n");
    equal(diff("a\n", ""), "--- a\n+++ b\n@@ -1 +0,0 @@\n-a\n");
  });

  it("can always be applied", () => {
    assert(
      property(texts, texts, (before, after) => {
        if (before !== after) equal(patch(before, diff(before, after)), after);
      }),
    );
  });
});
