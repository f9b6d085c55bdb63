import { createInterface } from "node:readline/promises";
import { acceptMysqlLoss, type AcceptedLoss, acceptSqliteLoss } from "@cellplane/kv";
import { ServerError } from "../options/server-error.ts";
import { printSummary, type SummaryFormat } from "./print-summary.ts";
import {
  acknowledgedIn,
  describeTarget,
  findTarget,
  type StoreTarget,
  type TargetOptions,
} from "./store-target.ts";

/** What `store accept-loss` is told. */
export interface AcceptLossOptions extends TargetOptions {
  readonly yes?: boolean;
  readonly output?: SummaryFormat;
}

/** `cellplane store accept-loss`. */
export async function runAcceptLoss(options: AcceptLossOptions): Promise<void> {
  const target = findTarget(options);
  const { revision, epoch } = await describeTarget(target);
  const acknowledged = acknowledgedIn(options);
  const known = acknowledged > 0 ? `revision ${acknowledged} was acknowledged, and ` : "";
  process.stderr.write(
    `${target.name}: ${known}the newest that is there is ${revision}, in epoch ${epoch ?? 0}. Writes in between are given up for good, and every client lists anew.\n`,
  );
  if (!options.yes) await confirm();
  const loss = await accept(target, acknowledged);
  printSummary(options.output, {
    data: { store: target.name, acknowledged, ...loss },
    text: `Accepted: from revision ${loss.from} to ${loss.to}, epoch ${loss.epoch}; start the control planes again`,
  });
}

async function accept(target: StoreTarget, acknowledged: number): Promise<AcceptedLoss> {
  switch (target.kind) {
    case "mysql":
      return acceptMysqlLoss(target.url, { acknowledged, environment: process.env });
    case "sqlite":
      return acceptSqliteLoss(target.path, { acknowledged });
    case "served":
      throw new ServerError(
        `Cannot accept a loss while ${target.name} runs; stop it first, and give --datastore if its store is a database`,
      );
    case "etcd":
      throw new ServerError(
        "Cannot accept a loss of an etcd as its API cannot move revisions; restore it with etcdutl and --bump-revision --mark-compacted, then remove store-head.json from the data directory",
      );
  }
}

async function confirm(): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new ServerError("Cannot ask as the standard input is no terminal; give --yes to accept");
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question('Type "accept" to go on: ');
  terminal.close();
  if (answer.trim() !== "accept") throw new ServerError("Nothing was changed");
}
