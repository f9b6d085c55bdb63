#!/usr/bin/env node
// Replays the conformance corpus (shared folder, `CELLPLANE_SHARED`) against a control plane of its
// own and prints a line for each area. Exits 1 where a required area passes less than 80 %.
//   node tools/conformance.mjs [--write-readme]
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const required = ["discovery", "crud", "metadata", "patch", "listwatch", "errors", "crd"];
const reported = ["apply", "auth", "controllers", "conversion", "admission"];
const threshold = 0.8;

const root = join(import.meta.dirname, "..");
const shared = process.env.CELLPLANE_SHARED ?? join(root, "..", "shared");
const folder = mkdtempSync(join(tmpdir(), "cellplane-conformance-"));
const tokens = join(folder, "tokens.csv");
const users = [
  'admin-token,admin,admin-uid,"system:masters"',
  'alice-token,alice,alice-uid,"dev,qa"',
  "bob-token,bob,bob-uid",
];
writeFileSync(tokens, `${users.join("\n")}\n`);

const server = spawn(
  process.execPath,
  [
    join(root, "bin/cellplane"),
    ...["up", "--data-dir", join(folder, "data"), "--listen", "127.0.0.1:0"],
    ...["--token-auth-file", tokens],
  ],
  // Its log is full of the refusals that the cases provoke.
  { stdio: ["ignore", "pipe", "ignore"] },
);
try {
  const url = await readUrl();
  const results = [];
  for (const area of [...required, ...reported]) results.push(await replay(url, area));
  const table = render(results);
  process.stdout.write(table);
  if (process.argv.includes("--write-readme")) writeReadme(table);
  const short = results.filter(
    ({ area, passed, failed }) =>
      required.includes(area) && passed / Math.max(1, passed + failed) < threshold,
  );
  const empty = results.filter(({ passed, failed }) => passed + failed === 0);
  for (const { area } of short) process.stdout.write(`${area}: below ${threshold * 100} %\n`);
  for (const { area } of empty) process.stdout.write(`${area}: no case was run\n`);
  process.exitCode = short.length + empty.length > 0 ? 1 : 0;
} finally {
  server.kill("SIGTERM");
  await new Promise((resolve) => server.once("exit", resolve));
  rmSync(folder, { recursive: true, force: true });
}

async function readUrl() {
  for await (const line of createInterface({ input: server.stdout })) {
    const match = /ready at (\S+),/.exec(line);
    if (match) return match[1];
  }
  throw new Error("Cannot replay as the control plane did not start");
}

async function replay(url, area) {
  // Policies are not evaluated, so every wait for one runs into its limit: let it be short.
  const scale = area === "admission" ? "0.1" : "2";
  const args = [
    join(shared, "conformance/replay.mjs"),
    ...["--server", url, "--insecure", "--quiet", "--max-diffs", "3", "--jobs", "4"],
    ...["--token-admin", "admin-token", "--token-alice", "alice-token", "--token-bob", "bob-token"],
    ...["--have", "webhooks,controllers", "--time-scale", scale, "--only", `${area}/*`],
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  const failures = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const totals = /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(line);
    if (totals) [passed, failed, skipped] = totals.slice(1).map(Number);
    const failure = /^FAIL \S+\/(\S+)/.exec(line);
    if (failure) failures.push(failure[1]);
  }
  return { area, passed, failed, skipped, failures };
}

function render(results) {
  const rows = results.map(({ area, passed, failed, skipped, failures }) => {
    const share = Math.round((100 * passed) / Math.max(1, passed + failed));
    const which = failures.length > 6 ? `${failures.length} cases` : failures.join(", ");
    return `| ${area} | ${passed} | ${failed} | ${skipped} | ${share} % | ${which} |`;
  });
  return `${["| area | passed | failed | skipped | share | failing |", "| --- | --- | --- | --- | --- | --- |", ...rows].join("\n")}\n`;
}

function writeReadme(table) {
  const file = join(root, "README.md");
  const text = readFileSync(file, "utf8");
  const begin = "<!-- conformance:begin -->";
  const end = "<!-- conformance:end -->";
  const [head, rest] = text.split(begin);
  const tail = rest?.split(end)[1];
  if (tail === undefined) throw new Error(`Cannot write the figures as README.md has no ${begin}`);
  writeFileSync(file, `${head}${begin}\n\n${table}\n${end}${tail}`);
}
