import { isStatus } from "@cellplane/apimachinery";
import { deleteObject } from "../registry/delete-object.ts";
import type { ApiResponse } from "../request/api-response.ts";
import type { CachedObject } from "../watch-cache/cached-object.ts";
import { listForm } from "./answer-form.ts";
import { parseDeleteRequest } from "./delete-request.ts";
import { answerPage } from "./list.ts";
import { parseListOptions } from "./list-options.ts";
import { readListPage } from "./list-page.ts";
import type { ResourceRequest, VerbDependencies } from "./resource-request.ts";
import { parseSelection } from "./selection.ts";
import { writeRequest } from "./write-target.ts";

/** DELETE of a collection: each object that is selected now, in turn; answers them as they were. */
export async function serveDeleteCollection(
  deps: VerbDependencies,
  target: ResourceRequest,
): Promise<ApiResponse> {
  const form = listForm(target);
  const options = parseListOptions(target.request.query, "list");
  const asked = await parseDeleteRequest(target);
  const selection = parseSelection(target, options);
  const page = await readListPage(target, { options, selection });
  const { dryRun, fields } = asked;
  const write = writeRequest(deps, target, { kind: "DeleteOptions", dryRun, fields });
  const { preconditions: _, ...each } = asked.options;
  const gone: CachedObject[] = [];
  for (const item of page.items) {
    try {
      await deleteObject({ ...write, namespace: item.namespace, name: item.name }, each);
      gone.push(item);
    } catch (error) {
      // Somebody else was faster.
      if (!isStatus(error, "NotFound")) throw error;
    }
  }
  const answer = { metadata: page.metadata, items: gone };
  return await answerPage(target, { page: answer, form, nowMs: deps.nowMs() });
}
