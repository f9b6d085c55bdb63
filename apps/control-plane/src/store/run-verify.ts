import {
  parseMysqlUrl,
  verifyMysql,
  type VerifyReport,
  verifySqlite,
  verifyStore,
} from "@cellplane/kv";
import { AdminStore } from "./admin-store.ts";
import { printSummary, type SummaryFormat } from "./print-summary.ts";
import { ProgressLine } from "./progress-line.ts";
import { findTarget, openTarget, type StoreTarget, type TargetOptions } from "./store-target.ts";

/** What `store verify` is told. */
export interface VerifyOptions extends TargetOptions {
  readonly output?: SummaryFormat;
}

/** It could not be looked at. */
const unableExitCode = 2;

/** `cellplane store verify`: 0 where all is right, 1 where something is wrong, 2 where nobody could look. */
export async function runVerify(options: VerifyOptions): Promise<void> {
  try {
    const target = findTarget(options);
    using line = new ProgressLine();
    const report = await verifyTarget(target, (pass, rows) =>
      line.tell(() => `Verifying ${pass}: ${rows.toLocaleString("en")}`),
    );
    line[Symbol.dispose]();
    printSummary(options.output, {
      data: { store: target.name, ...report },
      text: reportText(target.name, report),
    });
    if (report.wrong > 0) process.exitCode = 1;
  } catch (error) {
    process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = unableExitCode;
  }
}

/** A SQLite file is read beside its server, in a snapshot: the server has nothing to do for it. */
async function verifyTarget(
  target: StoreTarget,
  tell: (pass: string, rows: number) => void,
): Promise<VerifyReport> {
  const onProgress = ({ pass, rows }: { readonly pass: string; readonly rows: number }): void =>
    tell(pass === "log" ? "history" : "keys", rows);
  if (target.kind === "sqlite") return verifySqlite(target.path, onProgress);
  if (target.kind === "mysql") {
    return verifyMysql(parseMysqlUrl(target.url, process.env), onProgress);
  }
  if (target.kind === "served") {
    const { path, epoch = 0 } = await new AdminStore(target.dataDir).describe();
    if (path !== undefined) return verifySqlite(path, onProgress);
    return verifyStore(new AdminStore(target.dataDir), { epoch, onProgress });
  }
  await using store = await openTarget(target);
  return await verifyStore(store, { onProgress });
}

/** What is wrong, a line each, and a sentence. */
function reportText(name: string, report: VerifyReport): string {
  const { wrong, findings, keys, changes, leases, revision, compacted } = report;
  const lines = findings.map(({ message, revision: at, key }) => {
    const where = [
      ...(at === undefined ? [] : [`revision ${at}`]),
      ...(key === undefined ? [] : [`key ${key}`]),
    ];
    return where.length === 0 ? message : `${where.join(", ")}: ${message}`;
  });
  const size = `${keys} keys, ${changes} changes from revision ${compacted} to ${revision}, ${leases} leases`;
  if (wrong === 0)
    return [
      `Nothing is wrong with ${name}: ${size}`,
      ...report.proved.map((each) => `  ${each}`),
    ].join("\n");
  const more = wrong > findings.length ? `\n… and ${wrong - findings.length} more` : "";
  return `${lines.join("\n")}${more}\n${wrong} ${wrong === 1 ? "thing is" : "things are"} wrong with ${name}: ${size}`;
}
