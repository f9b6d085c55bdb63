import { dirname } from "node:path";
import { Command } from "commander";
import type { EtcdOptions } from "../etcd/run-etcd.ts";
import { type RawEtcdLimits, readEtcdLimits } from "../etcd/read-etcd-limits.ts";
import { ServerError } from "./server-error.ts";
import { isSqlitePath, parseDatastore, parseLogLevel } from "./server-options.ts";

interface RawOptions
  extends RawEtcdLimits, Omit<EtcdOptions, "dataDir" | "progressNotifyIntervalMs" | "limits"> {
  readonly dataDir?: string;
  readonly progressNotifyInterval: string;
}

/** `cellplane etcd`. */
export function createEtcdCommand(): Command {
  return new Command("etcd")
    .description("Serve a datastore as etcd v3")
    .option(
      "--data-dir <dir>",
      "where the database is kept, or what this process must remember of it (default: the folder of sqlite:PATH, else cellplane.etcd)",
    )
    .option("--listen <url>", "http:// or https://HOST:PORT; port 0 takes a free one", defaultUrl)
    .option(
      "--datastore <store>",
      "sqlite (in the data directory), memory (lost at the end), sqlite:PATH, mysql://USER@HOST:PORT/DATABASE or etcd://HOST:PORT",
      parseDatastore,
      "sqlite",
    )
    .option("--advertise-client-url <url>", "told to clients; --listen unless given")
    .option("--cert-file <file>", "certificate of the server, for https")
    .option("--key-file <file>", "key of that certificate")
    .option("--trusted-ca-file <file>", "CA of client certificates")
    .option("--client-cert-auth", "refuse clients without a certificate of that CA")
    .option(
      "--progress-notify-interval <seconds>",
      "how often idle watches are told their progress",
      "600",
    )
    .option(
      "--quota-backend-bytes <bytes>",
      "beyond it puts are refused and the alarm NOSPACE is raised; 0: no quota",
      "0",
    )
    .option("--max-request-bytes <bytes>", "the longest write", "1572864")
    .option("--max-txn-ops <count>", "most operations of a transaction", "128")
    .option(
      "--max-concurrent-streams <count>",
      "most calls at a time on one connection",
      "4294967295",
    )
    .option("--log-level <level>", "debug, info, warn or error", parseLogLevel, "warn")
    .addHelpText(
      "after",
      `
For kube-apiserver, etcdctl and whatever else speaks etcd's v3 API. /health, /readyz, /version
and /metrics are served at the same address.

Examples:
  cellplane etcd --data-dir ./store --listen http://127.0.0.1:2379
  cellplane etcd --data-dir ./store --listen https://0.0.0.0:2379 --datastore mysql://cells@db/cells \\
    --cert-file tls.crt --key-file tls.key --trusted-ca-file ca.crt --client-cert-auth`,
    )
    .action(async ({ progressNotifyInterval, ...raw }: RawOptions) => {
      const { runEtcd } = await import("../etcd/run-etcd.ts");
      const progressNotifyIntervalMs = parseSeconds(progressNotifyInterval) * 1000;
      const { dataDir = defaultDataDir(raw.datastore), ...options } = raw;
      const limits = readEtcdLimits(raw);
      await runEtcd({ ...options, dataDir, progressNotifyIntervalMs, limits });
    });
}

const defaultUrl = "http://127.0.0.1:2379";

function defaultDataDir(datastore: string): string {
  return isSqlitePath(datastore) ? dirname(datastore.slice("sqlite:".length)) : "cellplane.etcd";
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (seconds >= 0.1) return seconds;
  throw new ServerError(
    `Cannot notify of progress as --progress-notify-interval must be at least 0.1 seconds: it is "${text}"`,
  );
}
