import { setImmediate } from "node:timers/promises";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import { convertObjects } from "../registry/convert-object.ts";
import type { ApiResponse } from "../request/api-response.ts";
import type { CachedObject } from "../watch-cache/cached-object.ts";
import { listForm, type RequestedForm } from "./answer-form.ts";
import { answerBytes, encodeAnswer, jsonType, takesGzip } from "./encode-answer.ts";
import { apiVersionOf, isInVersion, isSpliceable } from "./get.ts";
import { itemHead, type ListPieces, sliceList } from "./json-pieces.ts";
import { parseListOptions } from "./list-options.ts";
import { type ListPage, readListPage } from "./list-page.ts";
import type { ResourceRequest, VerbDependencies } from "./resource-request.ts";
import { parseSelection } from "./selection.ts";
import { partialOf, tableOf } from "./shape-object.ts";

/** GET of a collection. */
export async function serveList(
  deps: VerbDependencies,
  target: ResourceRequest,
): Promise<ApiResponse> {
  const form = listForm(target);
  const options = parseListOptions(target.request.query, "list");
  const selection = parseSelection(target, options);
  const page = await readListPage(target, { options, selection });
  return await answerPage(target, { page, form, nowMs: deps.nowMs() });
}

/** What `answerPage` answers. */
export interface PageAnswer {
  readonly page: ListPage;
  readonly form: RequestedForm;
  readonly nowMs: number;
}

/** Answers a page of a list in the form that was asked for. */
export async function answerPage(
  target: ResourceRequest,
  answer: PageAnswer,
): Promise<ApiResponse> {
  const { page, form } = answer;
  const isStored = page.items.every((item) => isInVersion(target, item));
  if (isSpliceable(target, form) && isStored) {
    return await answerPieces(target, piecesOf(target, page));
  }
  const objects = await parsedItems(target, page.items);
  const encoded = encodeAnswer(shapeList(target, objects, answer), form, target.protobuf);
  return await answerBytes(target.request, { status: 200, ...encoded });
}

async function answerPieces(target: ResourceRequest, pieces: ListPieces): Promise<ApiResponse> {
  const slices = sliceList(pieces);
  const first = slices.next();
  const second = slices.next();
  if (second.done === true && first.done !== true) {
    return await answerBytes(target.request, {
      status: 200,
      bytes: first.value,
      contentType: jsonType,
    });
  }
  const chunks = chain([first, second], slices);
  if (takesGzip(target.request)) {
    const bytes = await collect(chunks);
    return await answerBytes(target.request, { status: 200, bytes, contentType: jsonType });
  }
  const headers = { "content-type": jsonType };
  return { status: 200, headers, body: { kind: "chunks", chunks } };
}

// A slice a turn, so that a big list does not stop the loop.
async function collect(chunks: Iterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (const chunk of chunks) {
    parts.push(chunk);
    await setImmediate();
  }
  return Buffer.concat(parts);
}

function* chain(
  first: readonly IteratorResult<Buffer, void>[],
  rest: Iterable<Buffer>,
): Generator<Buffer> {
  for (const each of first) if (each.done !== true) yield each.value;
  yield* rest;
}

function piecesOf(target: ResourceRequest, page: ListPage): ListPieces {
  const { listKind, origin } = target.definition;
  const apiVersion = apiVersionOf(target);
  const metadata = JSON.stringify(listMetadata(target, page));
  return {
    front: `{"kind":"${listKind}","apiVersion":"${apiVersion}","metadata":${metadata},"items":[`,
    items: page.items,
    headOf: itemHead(apiVersion, origin === "crd"),
    back: "]}\n",
  };
}

/** Cached objects, parsed and in the request's version. */
export async function parsedItems(
  target: ResourceRequest,
  items: readonly CachedObject[],
): Promise<readonly KubernetesObject[]> {
  const { definition, version, request, store } = target;
  const objects = items.map((item) => store.cache.parse(item));
  return await convertObjects(definition, objects, {
    version: version.version,
    signal: request.deadline(),
  });
}

function shapeList(
  target: ResourceRequest,
  objects: readonly KubernetesObject[],
  { page, form, nowMs }: PageAnswer,
): JsonObject {
  const { metadata } = page;
  switch (form.shape) {
    case "table":
      return tableOf(objects, metadata, { version: target.version, form, nowMs });
    case "partial":
      return {
        kind: "PartialObjectMetadataList",
        apiVersion: `meta.k8s.io/${form.metaVersion}`,
        metadata: metadata as unknown as JsonObject,
        items: objects.map((object) => partialOf(object, form.metaVersion)),
      };
    case "object":
      return {
        kind: target.definition.listKind,
        apiVersion: apiVersionOf(target),
        metadata: listMetadata(target, page),
        items: objects.map((object) => itemOf(target, object)),
      };
  }
}

// Lists of custom resources say that they are complete.
function listMetadata({ definition }: ResourceRequest, { metadata }: ListPage): JsonObject {
  return definition.origin === "crd" ? { continue: "", ...metadata } : { ...metadata };
}

// Items of built-in kinds do not repeat what the list says.
function itemOf(target: ResourceRequest, object: KubernetesObject): JsonObject {
  if (target.definition.origin === "crd") return object as unknown as JsonObject;
  const { kind: _, apiVersion: _apiVersion, ...item } = object;
  return item as unknown as JsonObject;
}
