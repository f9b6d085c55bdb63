#!/usr/bin/env node
// Runs the tests of one kind. A test's file name tells what it needs besides npm packages:
// `*.shared.test.ts` the shared folder, `*.kubectl.test.ts` kubectl, `*.peers.test.ts` other servers
// (etcd, Kubernetes' own API server, MariaDB, …), plain `*.test.ts` nothing.
// By Node's API: its command line runs files in the order of their names.
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { run } from "node:test";
import { spec as Spec } from "node:test/reporters";
import { parseArgs } from "node:util";

const kinds = {
  plain: (file) => !/\.(shared|kubectl|peers)\.test\.ts$/.test(file),
  shared: (file) => file.endsWith(".shared.test.ts"),
  kubectl: (file) => file.endsWith(".kubectl.test.ts"),
  peers: (file) => file.endsWith(".peers.test.ts"),
};
// Those that take minutes begin first, so that none is left alone at the end.
const longest = [
  "faulty-member.kubectl",
  "plugin-host.peers",
  "high-availability.peers",
  "stock-under-load.peers",
  "planted-bugs.peers",
  "docs.test",
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    // Files at a time: as many as there are processors unless given.
    "test-concurrency": { type: "string", default: String(availableParallelism()) },
    // End a file's process when its tests have ended, whatever it left open.
    "test-force-exit": { type: "boolean", default: false },
  },
});
const [kind = "plain"] = positionals;
const isChosen = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
if (!isChosen) {
  process.stderr.write(
    `Cannot run the tests "${kind}": the kinds are ${Object.keys(kinds).join(", ")}\n`,
  );
  process.exit(2);
}
const rank = (file) => {
  const at = longest.findIndex((name) => file.includes(`/${name}`));
  return at === -1 ? longest.length : at;
};
const files = globSync("{packages,apps,tools}/**/*.test.ts", {
  exclude: (path) => path.includes("node_modules"),
})
  .filter(isChosen)
  .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
// Hundreds of processes load the same modules.
process.env.NODE_COMPILE_CACHE ??= "node_modules/.cache/compile";
const forceExit = values["test-force-exit"] ? ["--test-force-exit"] : [];
const tests = run({
  files,
  concurrency: Number(values["test-concurrency"]),
  execArgv: [...process.execArgv, ...forceExit],
});
tests.on("test:fail", ({ todo }) => {
  if (todo === undefined || todo === false) process.exitCode = 1;
});
tests.compose(new Spec()).pipe(process.stdout);
