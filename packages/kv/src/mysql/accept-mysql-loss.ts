import type { AcceptedLoss } from "../store/accepted-loss.ts";
import type { Revision } from "../store/mvcc-store.ts";
import { revisionMargin } from "../store/store-image.ts";
import { readError } from "./mysql-error.ts";
import { numberLiteral } from "./mysql-rows.ts";
import { metaColumns, metaOf } from "./mysql-schema.ts";
import { parseMysqlUrl } from "./mysql-url.ts";
import { randomToken } from "./mysql-writer.ts";
import { openChecked } from "./open-checked.ts";

const timeoutMs = 10_000;

/**
 * Accepts that a database has lost acknowledged revisions, after an operator has looked: a new
 * epoch, a head far beyond any revision that was ever told, and no history before it, so that every
 * client lists anew instead of trusting a number that is used again. Processes that have the store
 * open end their watches, open it anew and go on.
 *
 * @param url As for `openMysqlStore`.
 * @throws {UnavailableError}
 */
export async function acceptMysqlLoss(
  url: string,
  options: {
    /** The newest revision known to have been acknowledged, where that is known. */
    readonly acknowledged?: Revision;
    readonly environment?: Readonly<Record<string, string | undefined>>;
  } = {},
): Promise<AcceptedLoss> {
  const target = parseMysqlUrl(url, options.environment ?? {});
  try {
    await using session = (await openChecked(target, { needs: "store" })).session;
    const [, rows] = await session.run(
      ["BEGIN", `SELECT ${metaColumns} FROM kv_meta WHERE one = 1 FOR UPDATE`],
      timeoutMs,
    );
    const { epoch, revision } = metaOf(rows);
    const to = Math.max(revision, options.acknowledged ?? 0) + revisionMargin;
    const head = numberLiteral(to);
    await session.run(
      [
        `UPDATE kv_meta SET epoch = ${epoch + 1}, revision = ${head}, token = ${randomToken()}, compacted = ${head} WHERE one = 1`,
        "COMMIT",
      ],
      timeoutMs,
    );
    return { epoch: epoch + 1, from: revision, to };
  } catch (error) {
    throw readError(error);
  }
}
