import { type BackupSummary, encodeBackup, takeImage } from "@cellplane/kv";
import { writeBackupFile } from "./backup-file.ts";
import { printSummary, type SummaryFormat } from "./print-summary.ts";
import { formatBytes, ProgressLine, progressText } from "./progress-line.ts";
import { describeTarget, findTarget, openWhole, type TargetOptions } from "./store-target.ts";

/** What `store backup` is told. */
export interface BackupOptions extends TargetOptions {
  readonly gzip?: boolean;
  readonly output?: SummaryFormat;
}

/** `cellplane store backup FILE`. */
export async function runBackup(file: string, options: BackupOptions): Promise<void> {
  const target = findTarget(options);
  const { epoch = 0, schema = 0 } = await describeTarget(target);
  await using store = await openWhole(target);
  const image = await takeImage(store, { epoch, schema, nowMs: Date.now() });
  const compression = options.gzip || file.endsWith(".gz") ? "gzip" : "none";
  let summary: BackupSummary | undefined;
  using line = new ProgressLine();
  let keys = 0;
  let bytes = 0;
  const counted = {
    header: image.header,
    parts: (async function* () {
      for await (const part of image.parts) {
        if (part.kind === "keys") keys += part.kvs.length;
        yield part;
      }
    })(),
  };
  const blocks = async function* (): AsyncGenerator<Buffer> {
    const encoding = encodeBackup(counted);
    for (let next = await encoding.next(); ; next = await encoding.next()) {
      if (next.done) {
        summary = next.value;
        return;
      }
      bytes += next.value.length;
      line.tell(() => progressText("Backing up", { keys, of: image.header.keys, bytes }));
      yield next.value;
    }
  };
  await writeBackupFile(blocks(), { file, compression });
  line[Symbol.dispose]();
  if (summary) report(file, summary, options.output);
}

function report(file: string, summary: BackupSummary, format: SummaryFormat | undefined): void {
  const { header, ...counts } = summary;
  const text = `Backed up ${counts.keys} keys and ${counts.leases} leases of ${header.driver} at revision ${header.revision}: ${formatBytes(counts.bytes)}, SHA-256 ${counts.sha256}`;
  // The standard output is the backup.
  if (file === "-") return void process.stderr.write(`${text}\n`);
  printSummary(format, { data: { file, ...header, ...counts }, text });
}
