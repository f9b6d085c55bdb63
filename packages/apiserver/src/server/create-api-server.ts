import type { GroupResource, ProtobufMessages } from "@cellplane/apimachinery";
import type { MvccStore } from "@cellplane/kv";
import { createWriteAdmission, optionsObject } from "../admission/admission-chain.ts";
import type { AdmissionPlugin } from "../admission/admission.ts";
import type { AuditSink } from "../audit/audit-sink.ts";
import type { Authenticator } from "../authn/authenticator.ts";
import { addAuthenticated } from "../authn/union-authenticator.ts";
import type { Authorizer } from "../authz/authorizer.ts";
import { type Listener, openListener, type TlsOptions } from "../node/listener.ts";
import type { StoreFailureListener } from "../pipeline/answer-errors.ts";
import { apiPipeline } from "../pipeline/api-pipeline.ts";
import type { Impersonation } from "../pipeline/impersonate.ts";
import type { ObjectAccess } from "../registry/object-access.ts";
import type { ResourceRegistry } from "../registry/resource-registry.ts";
import { HeldGuards, WriteGuards } from "../registry/write-guards.ts";
import { ResourceStores } from "../registry/resource-stores.ts";
import { createObjectAccess } from "../registry/store-object-access.ts";
import type { Handler } from "../request/handler.ts";
import type { HttpHandler } from "../request/http-handler.ts";
import type { IncomingRequest } from "../request/incoming-request.ts";
import type { Logger } from "../request/logger.ts";
import type { UserInfo } from "../request/user.ts";
import type { StoreMonitor } from "../storage/store-monitor.ts";
import type { ValueTransformer } from "../storage/value-transformer.ts";
import type { VerbDependencies } from "../verbs/resource-request.ts";
import { serveResource } from "../verbs/serve-resource.ts";
import { createWatchClock } from "../verbs/watch-clock.ts";
import { openStoreFeed } from "../watch-cache/store-feed.ts";
import { LocalEntries, type LocalEntry } from "./local-entry.ts";
import { leaveToHandlers, serveRequest } from "./serve-request.ts";

/** What makes an API server: every part that can differ comes in here. */
export interface ApiServerOptions {
  readonly store: MvccStore;
  readonly registry: ResourceRegistry;
  readonly authenticate: Authenticator;
  readonly authorize: Authorizer;
  readonly impersonate?: Impersonation;
  /** In the order in which they are asked. */
  readonly admission: readonly AdmissionPlugin[];
  /** For paths that are no resources; the first that serves a path answers. */
  readonly handlers: readonly HttpHandler[];
  readonly tls: TlsOptions;
  readonly listen: { readonly host: string; readonly port: number };
  readonly audit?: AuditSink;
  /** The protobuf messages of built-in kinds. */
  readonly protobuf?: ProtobufMessages;
  /** Encryption of the values of a resource. */
  readonly transformerOf?: (resource: GroupResource) => ValueTransformer;
  /** Whether other servers have the store open, too. */
  readonly isShared?: boolean;
  /** Knows whether the store is away; absent: it never is. */
  readonly monitor?: StoreMonitor;
  /** Told each request that failed by the store, and logs it; absent: they are logged as all others. */
  readonly onStoreFailure?: StoreFailureListener;
  readonly logger: Logger;
  readonly nowMs: () => number;
}

/** A running API server. */
export interface ApiServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly objects: ObjectAccess;
  /** True from the moment that `close` is called: readiness fails while requests go on. */
  readonly isShuttingDown: boolean;
  reloadTls(tls: TlsOptions): void;
  /** Lets requests of this process in, as `user`, who needs no credential. */
  enterAs(user: UserInfo): LocalEntry;
  /** Fails readiness, waits `delayMs`, ends watches, waits for requests up to `limitMs`, closes. */
  close(options?: { readonly delayMs?: number; readonly limitMs?: number }): Promise<void>;
}

const defaultLimitMs = 10_000;

/** The parts of a server that stand before it listens: admission and handlers need `objects`. */
export interface ApiServerCore extends AsyncDisposable {
  readonly objects: ObjectAccess;
  readonly stores: ResourceStores;
  readonly guards: WriteGuards | undefined;
}

/** Opens caches and object access over a store. */
export async function openApiServerCore(
  options: Pick<
    ApiServerOptions,
    "store" | "registry" | "transformerOf" | "isShared" | "monitor" | "logger" | "nowMs"
  >,
): Promise<ApiServerCore> {
  const { store, registry, transformerOf, monitor, logger, nowMs } = options;
  const feed = await openStoreFeed(store, logger);
  const stores = new ResourceStores({
    store,
    feed,
    registry,
    ...(transformerOf === undefined ? {} : { transformerOf }),
    ...(monitor === undefined ? {} : { monitor }),
  });
  const lifetime = new AbortController();
  const objects = createObjectAccess({ registry, stores, nowMs, signal: lifetime.signal });
  return {
    objects,
    stores,
    guards: options.isShared ? new WriteGuards(store, feed) : undefined,
    [Symbol.asyncDispose]: async () => {
      lifetime.abort();
      stores[Symbol.dispose]();
      await feed[Symbol.asyncDispose]();
    },
  };
}

/** Starts an API server. @throws {Error} If it cannot listen */
export async function createApiServer(
  options: ApiServerOptions,
  core?: ApiServerCore,
): Promise<ApiServer> {
  const base = core ?? (await openApiServerCore(options));
  const deps = verbDependencies(options, base);
  const { listen, tls, logger, nowMs } = options;
  const serve = serveRequest(options.handlers, (request) => serveResource(deps, request));
  const pipelineOf = (authenticate: Authenticator): Handler<IncomingRequest> =>
    apiPipeline({
      logger,
      onStoreFailure: options.onStoreFailure,
      nowMs,
      authenticate,
      impersonate: options.impersonate,
      audit: options.audit,
      authorize: leaveToHandlers(options.authorize, options.handlers),
      serve,
    });
  const handle = pipelineOf(options.authenticate);
  const listener = await openListener({ ...listen, tls, handle, logger, nowMs });
  return new RunningServer(options, { core: base, listener, pipelineOf });
}

interface ServerParts {
  readonly core: ApiServerCore;
  readonly listener: Listener;
  readonly pipelineOf: (authenticate: Authenticator) => Handler<IncomingRequest>;
}

class RunningServer implements ApiServer {
  readonly url: string;
  readonly port: number;
  readonly objects: ObjectAccess;
  readonly #listener: Listener;
  readonly #core: ApiServerCore;
  readonly #local: LocalEntries;
  readonly #pipelineOf: ServerParts["pipelineOf"];
  #closing: Promise<void> | undefined;

  constructor(options: ApiServerOptions, parts: ServerParts) {
    const { host } = options.listen;
    this.#listener = parts.listener;
    this.#local = new LocalEntries(options.nowMs);
    this.#pipelineOf = parts.pipelineOf;
    this.#core = parts.core;
    this.port = parts.listener.port;
    this.url = `https://${host.includes(":") ? `[${host}]` : host}:${this.port}`;
    this.objects = parts.core.objects;
  }

  get isShuttingDown(): boolean {
    return this.#closing !== undefined;
  }

  reloadTls(tls: TlsOptions): void {
    this.#listener.reloadTls(tls);
  }

  enterAs(user: UserInfo): LocalEntry {
    const known = addAuthenticated(user);
    return this.#local.open(this.#pipelineOf(() => known));
  }

  close(options: { readonly delayMs?: number; readonly limitMs?: number } = {}): Promise<void> {
    const { delayMs = 0, limitMs = defaultLimitMs } = options;
    return (this.#closing ??= this.#close({ delayMs, limitMs }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close({ limitMs: 0 });
  }

  async #close(limits: { readonly delayMs: number; readonly limitMs: number }): Promise<void> {
    if (limits.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, limits.delayMs));
    this.#local.end();
    await this.#listener.close(limits.limitMs);
    await this.#core[Symbol.asyncDispose]();
  }
}

function verbDependencies(options: ApiServerOptions, core: ApiServerCore): VerbDependencies {
  const { registry, admission, nowMs } = options;
  return {
    registry,
    stores: core.stores,
    objects: core.objects,
    protobuf: options.protobuf,
    clock: createWatchClock(),
    nowMs,
    admissionFor: ({ request, definition, version }, write) => {
      const { info, user, warnings } = request;
      const { group, kind, resource } = definition;
      const context = {
        gvk: { group, version: version.version, kind },
        gvr: { group, version: version.version, resource },
        subresource: info.subresource,
        namespace: info.namespace,
        options: optionsObject(write.kind, write.fields),
        dryRun: write.dryRun,
        user,
        warn: (text: string) => void warnings.push(text),
      };
      if (!core.guards || write.dryRun) {
        return createWriteAdmission(admission, context, request.deadline);
      }
      const guards = new HeldGuards(core.guards, request.deadline);
      const guard = (names: readonly string[]): Promise<void> => guards.hold(names);
      const guarded = { ...context, guard };
      return { ...createWriteAdmission(admission, guarded, request.deadline), guards };
    },
  };
}
