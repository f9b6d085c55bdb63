import { createInterface } from "node:readline/promises";
import { join } from "node:path";
import {
  acceptEtcdLoss,
  type AcceptedEtcdLoss,
  type AcceptedLoss,
  acceptMysqlLoss,
  acceptSqliteLoss,
  lockDirectory,
  LockedError,
} from "@cellplane/kv";
import { ServerError } from "../options/server-error.ts";
import { ProgressLine } from "./progress-line.ts";
import { printSummary, type SummaryFormat } from "./print-summary.ts";
import {
  acknowledgedIn,
  describeTarget,
  etcdHeadName,
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
  const acknowledged = acknowledgedIn(options, target.kind);
  const known = acknowledged > 0 ? `revision ${acknowledged} was acknowledged, and ` : "";
  const inEpoch = target.kind === "etcd" ? "" : `, in epoch ${epoch ?? 0}`;
  process.stderr.write(
    `${target.name}: ${known}the newest that is there is ${revision}${inEpoch}. Writes in between are given up for good, and every client lists anew.\n`,
  );
  if (!options.yes) await confirm();
  const loss = await accept(target, acknowledged, options);
  const now = "epoch" in loss ? `epoch ${loss.epoch}` : `cluster ${loss.clusterId}`;
  printSummary(options.output, {
    data: { store: target.name, acknowledged, ...loss },
    text: `Accepted: from revision ${loss.from} to ${loss.to}, ${now}; start the control planes again`,
  });
}

async function accept(
  target: StoreTarget,
  acknowledged: number,
  options: AcceptLossOptions,
): Promise<AcceptedLoss | AcceptedEtcdLoss> {
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
      return acceptOfEtcd(target.url, options);
  }
}

/** What a data directory remembers of an etcd is written anew, which no server must have open. */
async function acceptOfEtcd(
  url: string,
  { dataDir }: AcceptLossOptions,
): Promise<AcceptedEtcdLoss> {
  using progress = new ProgressLine();
  const onProgress = (done: number, all: number): void =>
    progress.tell(() => `Written: ${done} of ${all} revisions`);
  const told = { environment: process.env, onProgress };
  if (dataDir === undefined) return await acceptEtcdLoss(url, told);
  using _ = lockStopped(dataDir);
  return await acceptEtcdLoss(url, { ...told, headMemoryPath: join(dataDir, etcdHeadName) });
}

function lockStopped(dataDir: string): Disposable {
  try {
    return lockDirectory(dataDir);
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    throw new ServerError(
      `Cannot accept a loss while a server has the data directory "${dataDir}" open; stop it first`,
      { cause: error },
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
