#!/usr/bin/env node
// Runs the tests of one kind. A test's file name tells what it needs besides npm packages:
// `*.shared.test.ts` the shared folder, `*.kubectl.test.ts` kubectl, `*.peers.test.ts` other servers
// (etcd, Kubernetes' own API server, MariaDB, …), plain `*.test.ts` nothing.
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";

const kinds = {
  plain: (file) => !/\.(shared|kubectl|peers)\.test\.ts$/.test(file),
  shared: (file) => file.endsWith(".shared.test.ts"),
  kubectl: (file) => file.endsWith(".kubectl.test.ts"),
  peers: (file) => file.endsWith(".peers.test.ts"),
};

const [kind = "plain", ...options] = process.argv.slice(2);
const isChosen = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
if (!isChosen) {
  process.stderr.write(
    `Cannot run the tests "${kind}": the kinds are ${Object.keys(kinds).join(", ")}\n`,
  );
  process.exit(2);
}
const files = globSync("{packages,apps,tools}/**/*.test.ts", {
  exclude: (path) => path.includes("node_modules"),
}).filter(isChosen);
// Those that take minutes begin first, so that none is left alone at the end.
const longest = [
  "faulty-member.kubectl",
  "plugin-host.peers",
  "high-availability.peers",
  "planted-bugs.peers",
  "docs.test",
];
const rank = (file) => {
  const at = longest.findIndex((name) => file.includes(`/${name}`));
  return at === -1 ? longest.length : at;
};
files.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
const hasReporter = options.some((option) => option.startsWith("--test-reporter"));
const hasConcurrency = options.some((option) => option.startsWith("--test-concurrency"));
const defaults = [
  ...(hasReporter ? [] : ["--test-reporter=spec"]),
  // The runner itself only hands out files, so it needs no processor of its own, as Node's default has it.
  ...(hasConcurrency ? [] : [`--test-concurrency=${availableParallelism()}`]),
];
const child = spawn(process.execPath, ["--test", ...defaults, ...options, ...files], {
  stdio: "inherit",
  // Hundreds of processes load the same modules.
  env: { NODE_COMPILE_CACHE: "node_modules/.cache/compile", ...process.env },
});
child.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
