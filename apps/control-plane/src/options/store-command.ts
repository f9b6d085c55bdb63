import { Command } from "commander";
import type { BackupOptions } from "../store/run-backup.ts";
import type { AcceptLossOptions } from "../store/run-accept-loss.ts";
import type { CompactOptions } from "../store/run-compact.ts";
import type { MigrateOptions } from "../store/run-migrate.ts";
import { createReencryptCommand } from "./reencrypt-command.ts";
import { parseSummaryFormat } from "../store/print-summary.ts";
import type { RestoreCommandOptions } from "../store/run-restore.ts";
import type { StatusOptions } from "../store/run-status.ts";
import type { VerifyOptions } from "../store/run-verify.ts";

/** `cellplane store`. */
export function createStoreCommand(): Command {
  const store = new Command("store").description("Look after a store: back up, restore, verify, …");
  const commands = [
    createBackupCommand(),
    createRestoreCommand(),
    createVerifyCommand(),
    createStatusCommand(),
    createCompactCommand(),
    createMigrateCommand(),
    createAcceptLossCommand(),
    createReencryptCommand(),
  ];
  for (const command of commands) store.addCommand(command.exitOverride());
  return store;
}

function createOne(name: string, summary: string): Command {
  return new Command(name)
    .description(summary)
    .option("-o, --output <format>", "print the result as json or yaml", parseSummaryFormat);
}

function createTargeted(name: string, summary: string): Command {
  return createOne(name, summary)
    .option("--data-dir <dir>", "the data directory of up, member or etcd, running or not")
    .option(
      "--datastore <store>",
      "sqlite:PATH, mysql://USER@HOST:PORT/DATABASE or etcd://HOST:PORT (default: sqlite in the data directory)",
    );
}

function createBackupCommand(): Command {
  return createTargeted("backup", "Write all keys and leases at one revision into a file")
    .argument("<file>", "- is the standard output; a name that ends with .gz is compressed")
    .option("--gzip", "compress it")
    .action(async (file: string, options: BackupOptions) => {
      const { runBackup } = await import("../store/run-backup.ts");
      await runBackup(file, options);
    });
}

function createRestoreCommand(): Command {
  return createTargeted("restore", "Put a backup in the place of what a store holds")
    .argument("<file>", "- is the standard input")
    .option("--force", "replace what is there")
    .action(async (file: string, options: RestoreCommandOptions) => {
      const { runRestore } = await import("../store/run-restore.ts");
      await runRestore(file, options);
    });
}

function createVerifyCommand(): Command {
  return createTargeted("verify", "Read everything once, and say what is wrong")
    .addHelpText(
      "after",
      "\nExit code: 0 if all is right, 1 if something is wrong, 2 if it could not look.",
    )
    .action(async (options: VerifyOptions) => {
      const { runVerify } = await import("../store/run-verify.ts");
      await runVerify(options);
    });
}

function createStatusCommand(): Command {
  return createTargeted("status", "Tell what a store holds; -o wide tells more").action(
    async (options: StatusOptions) => {
      const { runStatus } = await import("../store/run-status.ts");
      await runStatus(options);
    },
  );
}

function createCompactCommand(): Command {
  return createTargeted("compact", "Forget old history")
    .option("--revision <revision>", "keep history from there on (default: the head)")
    .option("--keep <duration>", "wait so long, e.g. 5m, and forget what is older by then")
    .option("--physical", "wait until the rows are removed")
    .action(async (options: CompactOptions) => {
      const { runCompact } = await import("../store/run-compact.ts");
      await runCompact(options);
    });
}

function createMigrateCommand(): Command {
  return createOne("migrate", "Copy a store into another, and follow it until the cut-over")
    .argument("<from>", "a data directory, sqlite:PATH, mysql://… or etcd://…")
    .argument("<to>", "likewise")
    .option("--force", "replace what is in TO")
    .option("--follow", "go on with what is written to FROM, until Ctrl-C")
    .option("--until-idle <duration>", "… or until nothing is written for so long, e.g. 10s")
    .action(async (from: string, to: string, options: MigrateOptions) => {
      const { runMigrate } = await import("../store/run-migrate.ts");
      await runMigrate(from, to, options);
    });
}

function createAcceptLossCommand(): Command {
  return createTargeted("accept-loss", "Go on with a store that has lost acknowledged writes")
    .option("--yes", "do not ask")
    .action(async (options: AcceptLossOptions) => {
      const { runAcceptLoss } = await import("../store/run-accept-loss.ts");
      await runAcceptLoss(options);
    });
}
