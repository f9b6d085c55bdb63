export type {
  DeleteQuery,
  ListQuery,
  PatchType,
  RawRequest,
  RawResponse,
  ResourcePath,
  RestClient,
  WatchStreamEvent,
  WriteQuery,
} from "./rest/rest-client.ts";
export { type Informer, type InformerHandler, objectKey } from "./informer/informer.ts";
export type { Outcome, Reconciler } from "./controller/reconciler.ts";
