import {
  digestStore,
  encodeBackup,
  followStore,
  type MvccStore,
  type Revision,
  type StoreImage,
  takeImage,
} from "@cellplane/kv";
import { ServerError } from "../options/server-error.ts";
import { printSummary, type SummaryFormat } from "./print-summary.ts";
import { ProgressLine, progressText } from "./progress-line.ts";
import { restoreInto } from "./restore-into.ts";
import { parseDuration } from "./run-compact.ts";
import { describeTarget, openTarget, openWhole, parseTarget } from "./store-target.ts";

/** What `store migrate` is told. */
export interface MigrateOptions {
  readonly force?: boolean;
  readonly follow?: boolean;
  readonly untilIdle?: string;
  readonly output?: SummaryFormat;
}

/** How often the source's head is looked at while it is followed, in milliseconds. */
const lookEveryMs = 250;

/** `cellplane store migrate FROM TO`. */
export async function runMigrate(
  fromText: string,
  toText: string,
  options: MigrateOptions,
): Promise<void> {
  const idleMs = options.untilIdle === undefined ? undefined : parseDuration(options.untilIdle);
  const fromTarget = parseTarget(fromText);
  const toTarget = parseTarget(toText);
  if (fromTarget.name === toTarget.name) {
    throw new ServerError(`Cannot migrate as both are the same store: ${fromTarget.name}`);
  }
  const { epoch = 0, schema = 0 } = await describeTarget(fromTarget);
  await using from = await openWhole(fromTarget);
  using line = new ProgressLine();
  const image = await takeImage(from, { epoch, schema, nowMs: Date.now() });
  const { keys } = await restoreInto(toTarget, {
    backup: () => encodeBackup(image),
    image: (): Promise<StoreImage> => Promise.resolve(image),
    whenNotEmpty: options.force ? "replace" : "refuse",
    onProgress: (done) =>
      line.tell(() => progressText("Copying", { keys: done, of: image.header.keys })),
  });
  process.stderr.write(`Copied ${keys} keys of revision ${image.header.revision}\n`);
  await using to = await openTarget(toTarget);
  const follows = options.follow === true || idleMs !== undefined;
  const through = follows
    ? await follow({ from, to, after: image.header.revision, line, idleMs })
    : image.header.revision;
  const verified = await compare({ from, to, through });
  line[Symbol.dispose]();
  printSummary(options.output, {
    data: { from: fromTarget.name, to: toTarget.name, ...verified, verified: true },
    text: `Migrated ${fromTarget.name} to ${toTarget.name}: both have ${verified.keys} keys with SHA-256 ${verified.sha256}, the source at revision ${through}, the target at ${verified.revision}`,
  });
}

interface Following {
  readonly from: MvccStore;
  readonly to: MvccStore;
  readonly after: Revision;
  readonly line: ProgressLine;
  readonly idleMs: number | undefined;
}

/** Mirrors until the source is idle for so long, or the operator says stop. */
async function follow({ from, to, after, line, idleMs }: Following): Promise<Revision> {
  const stop = new AbortController();
  const stopNow = (): void => stop.abort();
  process.once("SIGINT", stopNow);
  process.once("SIGTERM", stopNow);
  process.stderr.write(
    idleMs === undefined
      ? "Following the source; stop its writers, then end with Ctrl-C\n"
      : `Following the source until nothing is written for ${idleMs / 1000}s\n`,
  );
  let applied = after;
  let head = after;
  let changedMs = performance.now();
  const look = async (): Promise<void> => {
    const now = await from.headRevision();
    if (now !== head) changedMs = performance.now();
    head = now;
    line.tell(() => `Following: revision ${applied} of ${head}, ${head - applied} behind`);
    if (idleMs !== undefined && performance.now() - changedMs >= idleMs && applied >= head)
      stopNow();
  };
  const timer = setInterval(() => void look().catch(() => undefined), lookEveryMs);
  try {
    return await followStore({
      from,
      to,
      after,
      stop: stop.signal,
      onProgress: (progress) => {
        ({ applied } = progress);
      },
    });
  } finally {
    clearInterval(timer);
    process.off("SIGINT", stopNow);
    process.off("SIGTERM", stopNow);
  }
}

interface Compared {
  readonly keys: number;
  readonly sha256: string;
  readonly sourceRevision: Revision;
  readonly revision: Revision;
}

/** @throws {ServerError} They differ. */
async function compare({
  from,
  to,
  through,
}: {
  readonly from: MvccStore;
  readonly to: MvccStore;
  readonly through: Revision;
}): Promise<Compared> {
  const revision = await to.headRevision();
  const [source, target] = await Promise.all([
    digestStore(from, through),
    digestStore(to, revision),
  ]);
  if (source.sha256 !== target.sha256) {
    throw new ServerError(
      `Cannot hand over as the stores differ: the source has ${source.keys} keys with SHA-256 ${source.sha256} at revision ${through}, the target ${target.keys} with ${target.sha256} at ${revision}; run it again with --force`,
    );
  }
  return { ...source, sourceRevision: through, revision };
}
