import { deepEqual, match, ok } from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { topologyStatuses } from "@cellplane/federation";

const pages = ["README.md", ...globSync("docs/**/*.md")];
const read = (file: string): string => readFileSync(file, "utf8");

/** The text without code, in which links and headings are none. */
function proseOf(file: string): string {
  return read(file)
    .replaceAll(/^```[^]*?^```$/gm, "")
    .replaceAll(/`[^`\n]*`/g, "");
}

// GitHub's anchors: lower case, no punctuation, dashes for spaces.
function anchorsOf(file: string): ReadonlySet<string> {
  const headings = read(file)
    .replaceAll(/^```[^]*?^```$/gm, "")
    .matchAll(/^#+ (.+)$/gm);
  return new Set(
    Array.from(headings, ([, text = ""]) =>
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

/** Whether a relative link from a page leads somewhere, its anchor included. */
function leadsSomewhere(page: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : join(dirname(page), path);
  if (!existsSync(target)) return false;
  return anchor === undefined || anchorsOf(target).has(anchor);
}

const long = /--[a-z][a-z-]+/g;
const flagsIn = (text: string): ReadonlySet<string> =>
  new Set(Array.from(text.matchAll(long), ([flag]) => flag));

describe("the documentation", () => {
  for (const page of pages) {
    it(`${page} links only to what is there`, () => {
      const links = Array.from(proseOf(page).matchAll(/\]\(([^)\s]+)\)/g), ([, link = ""]) => link);
      const relative = links.filter((link) => !/^[a-z]+:/.test(link));
      deepEqual(
        relative.filter((link) => !leadsSomewhere(page, link)),
        [],
      );
    });
  }

  it("names only files that exist in docs/architecture.md", () => {
    const named = Array.from(
      read("docs/architecture.md").matchAll(/`((?:packages|apps|tools)\/[^`]+)`/g),
      ([, file = ""]) => file,
    );
    ok(named.length > 30, `found only ${named.length} files`);
    deepEqual(
      named.filter((file) => !existsSync(file)),
      [],
    );
  });

  it("names only npm scripts that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    const named = pages.flatMap((page) =>
      Array.from(read(page).matchAll(/npm run ([\w:]+)/g), ([, script = ""]) => script),
    );
    ok(named.includes("demo"));
    deepEqual(
      named.filter((script) => !Object.hasOwn(scripts, script)),
      [],
    );
  });

  it("keeps the place of the conformance figures in README.md", () => {
    match(read("README.md"), /<!-- conformance:begin -->[^]*<!-- conformance:end -->/);
  });

  it("explains every status that a topology can have in docs/errors.md", () => {
    const text = read("docs/errors.md");
    deepEqual(
      topologyStatuses.filter((status) => status !== "" && !text.includes(`\`${status}\``)),
      [],
    );
  });
});

describe("docs/cli.md", { concurrency: true }, () => {
  const sections = read("docs/cli.md")
    .split(/^## cellplane /m)
    .slice(1);

  for (const section of sections) {
    const [command = ""] = /^[a-z-]+(?: [a-z-]+)*/.exec(section) ?? [];
    it(`has the flags of "cellplane ${command} --help"`, async () => {
      const help = await promisify(execFile)(process.execPath, [
        "bin/cellplane",
        ...command.split(" "),
        "--help",
      ]);
      const options = help.stdout.match(/^Options:\n[^]*?(?=\n\n|$(?![^]))/m)?.[0] ?? "";
      const told = flagsIn(options.replaceAll(/^ {5,}.*$/gm, ""));
      const tables = section.split("\n").filter((line) => line.startsWith("| `-"));
      const written = flagsIn(tables.map((line) => line.split("|")[1]).join("\n"));
      deepEqual(written, new Set([...told].filter((flag) => flag !== "--help")));
    });
  }
});
