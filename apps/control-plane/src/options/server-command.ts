import type { EnvelopeOptions } from "@cellplane/kms";
import { Command } from "commander";
import {
  addEncryptionOptions,
  type EncryptionFlags,
  encryptionFlagsOf,
} from "./encryption-options.ts";
import {
  listenParser,
  parseDatastore,
  parseListen,
  parseLogLevel,
  type ServerOptions,
} from "./server-options.ts";

interface RawOptions extends EnvelopeOptions, EncryptionFlags {
  readonly dataDir: string;
  readonly listen: ServerOptions["listen"];
  readonly datastore: ServerOptions["datastore"];
  readonly tokenAuthFile?: string;
  readonly auditLogPath?: string;
  readonly logLevel: string;
}

/** The options that both servers have. */
export function createServerCommand(
  name: string,
  texts: { readonly summary: string; readonly help: string; readonly listen: string },
  run: (options: ServerOptions) => Promise<void>,
): Command {
  const command = new Command(name)
    .description(texts.summary)
    .requiredOption(
      "--data-dir <dir>",
      "where keys, certificates, kubeconfig and the database are kept",
    )
    .option(
      "--listen <host:port>",
      "address of the API server; port 0 takes a free one",
      listenParser("--listen"),
      parseListen(texts.listen, "--listen"),
    )
    .option(
      "--datastore <store>",
      "sqlite (in the data directory), sqlite:PATH, memory (lost at the end), mysql://USER@HOST:PORT/DATABASE or etcd://HOST:PORT; see docs/cli.md",
      parseDatastore,
      "sqlite",
    )
    .option("--token-auth-file <file>", 'CSV of static tokens: token,user,uid,"group1,group2"')
    .option(
      "--audit-log-path <file>",
      "append audit events as JSON lines; - is the standard output",
    )
    .option("--log-level <level>", "debug, info, warn or error", parseLogLevel, "warn");
  return addEncryptionOptions(command)
    .addHelpText("after", texts.help)
    .action(async (raw: RawOptions) => {
      const { tokenAuthFile, auditLogPath, envelopeKeyFile, envelopeKms, ...rest } = raw;
      await run({
        ...rest,
        ...encryptionFlagsOf(raw),
        envelope: {
          ...(envelopeKeyFile === undefined ? {} : { envelopeKeyFile }),
          ...(envelopeKms === undefined ? {} : { envelopeKms }),
        },
        ...(tokenAuthFile === undefined ? {} : { tokenAuthFile }),
        ...(auditLogPath === undefined ? {} : { auditLogPath }),
      });
    });
}
