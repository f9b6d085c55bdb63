import type { ListQuery, RestClient } from "@cellplane/client";
import { readThing, things, type ThingState } from "./thing.ts";

/** A list as it was at one revision. */
export interface Snapshot {
  readonly revision: number;
  readonly items: readonly (ThingState & { readonly name: string })[];
}

/** Lists page by page. @throws {StatusError} `Expired` where a page can no longer be had. */
export async function readAllPages(
  client: RestClient,
  limit: number,
  first: ListQuery = {},
): Promise<Snapshot> {
  let page = await client.list(things, { limit, ...first });
  const revision = Number(page.metadata.resourceVersion);
  const items = page.items.map(readThing);
  while (page.metadata.continue) {
    page = await client.list(things, { limit, continue: page.metadata.continue });
    if (Number(page.metadata.resourceVersion) !== revision) {
      throw new Error(`A page of a list at ${revision} is of ${page.metadata.resourceVersion}`);
    }
    items.push(...page.items.map(readThing));
  }
  return { revision, items };
}
