export type {
  DeleteQuery,
  ListQuery,
  PatchType,
  RawRequest,
  RawResponse,
  ResourcePath,
  RestClient,
  WatchStreamEvent,
  WatchQuery,
  WriteQuery,
} from "./rest/rest-client.ts";
export { statusErrorOf } from "./rest/read-answer.ts";
export { ConnectionError } from "./rest/connection-error.ts";
export { createRestClient, type RestClientOptions } from "./rest/create-rest-client.ts";
export { resourceUrl } from "./rest/resource-url.ts";
export type { Transport, TransportRequest, TransportResponse } from "./rest/transport.ts";
export { abortableDelay } from "./informer/abortable-delay.ts";
export { createInformer, type InformerOptions } from "./informer/create-informer.ts";
export { type Informer, type InformerHandler, objectKey } from "./informer/informer.ts";
export type { PackingOptions } from "./informer/holding.ts";
export type { IndexFunction } from "./informer/object-store.ts";
export { TextPool } from "./informer/text-pool.ts";
export type { Outcome, Reconciler } from "./controller/reconciler.ts";
export {
  type ControllerObserver,
  type ControllerOptions,
  runController,
  type WorkerCount,
} from "./controller/run-controller.ts";
export { retryDelayMs } from "./workqueue/retry-delay.ts";
export { type QueueObserver, WorkQueue, type WorkQueueOptions } from "./workqueue/work-queue.ts";
export {
  type DiscoveredResource,
  type Discovery,
  discoverResources,
  findResource,
} from "./rest/discovery.ts";
