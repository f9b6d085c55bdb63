import { join } from "node:path";
import {
  type AccessControl,
  type AdmissionPlugin,
  type ApiServer,
  type ApiServerCore,
  type AuditSink,
  type Authorizer,
  builtinAdmission,
  builtinResourceDefinitions,
  conversionOfCrd,
  createAccessControl,
  createApiServer,
  createCrdResource,
  createResourceRegistry,
  type CustomResourceDefinition,
  ensureAuthenticationConfig,
  ensureBootstrapObjects,
  ensurePki,
  findBuiltinDefinition,
  type HttpHandler,
  loadBuiltinDefinitions,
  type Logger,
  type ObjectAccess,
  openApiServerCore,
  openAuditLog,
  openCrdController,
  openWebhookAdmission,
  type Pki,
  type ResourceRegistry,
  runTokenSecretController,
  type SyncConverter,
  type WebhookAdmission,
  writeKubeconfig,
} from "@cellplane/apiserver";
import type { MvccStore } from "@cellplane/kv";
import { collectProcessMetrics, MetricRegistry } from "@cellplane/metrics";
import { prepareDataDir } from "../options/prepare-data-dir.ts";
import { isShared, type ServerOptions } from "../options/server-options.ts";
import { claimAuthority } from "./claim-authority.ts";
import { startCompactor } from "./compactor.ts";
import { createHandlers, type Readiness } from "./create-handlers.ts";
import { openEncryption, type OpenedEncryption } from "./open-encryption.ts";
import { openDatastore } from "./open-datastore.ts";
import { readTokenFile } from "./read-token-file.ts";
import { renewCertificates } from "./renew-certificates.ts";
import { startWhenReadable } from "./start-when-readable.ts";
import { openStoreWatch, type StoreWatch } from "./store-watch.ts";
import { certificateHosts, localUrl, urlOf } from "./server-address.ts";

/** The issuer of service-account tokens, and their audience: Kubernetes' own default. */
const serviceAccountIssuer = "https://kubernetes.default.svc";

/** Who our own controllers are: told apart from people by admission, and in the audit log. */
export const controllerUser = "system:cellplane-controllers";

/** What a server adds to a plain Kubernetes API. */
export interface KubernetesApiExtension {
  /** Converts the versions of a CRD in this process. */
  readonly converterOf?: (crd: CustomResourceDefinition) => SyncConverter | undefined;
  /** Serves further paths. */
  readonly handlers?: (authorize: Authorizer) => readonly HttpHandler[];
  readonly admission?: (objects: ObjectAccess, authorize: Authorizer) => readonly AdmissionPlugin[];
  /** Makes the objects that must be there before the server listens. */
  readonly bootstrap?: (objects: ObjectAccess) => Promise<void>;
}

/** A whole Kubernetes API, running. */
export interface KubernetesApi extends AsyncDisposable {
  readonly server: ApiServer;
  readonly objects: ObjectAccess;
  readonly registry: ResourceRegistry;
  readonly pki: Pki;
  readonly kubeconfig: string;
  readonly logger: Logger;
  /** What `/metrics` exposes. */
  readonly metrics: MetricRegistry;
  /** From now on `/readyz` may say ok. */
  setReady(): void;
  /** Fails readiness, ends watches, waits for requests, closes the store. */
  close(): Promise<void>;
}

/** Opens everything on a data directory and starts to serve; not ready until `setReady`. */
export async function openKubernetesApi(
  options: ServerOptions & {
    readonly name: string;
    readonly logger: Logger;
    readonly version: string;
    readonly extension: KubernetesApiExtension;
  },
): Promise<KubernetesApi> {
  prepareDataDir(options.dataDir);
  await using opened = new AsyncDisposableStack();
  const store = await openDatastore(options, opened);
  const metrics = openMetrics(opened);
  const storeWatch = opened.use(openStoreWatch({ store, logger: options.logger, metrics }));
  opened.use(
    startCompactor(store, { logger: options.logger, isShared: isShared(options.datastore) }),
  );
  const encryption = await openEncryption(options, { logger: options.logger, metrics }, opened);
  const { host } = options.listen;
  const pkiDir = join(options.dataDir, "pki");
  const ensure = (): Promise<Pki> =>
    ensurePki(pkiDir, { hosts: certificateHosts(host), nowMs: Date.now() });
  const pki = await ensure();
  const tokenUsers = readTokenFile(options.tokenAuthFile);
  const audit = await openAudit(options, opened);
  const claim = (objects: ObjectAccess): Promise<void> =>
    isShared(options.datastore)
      ? claimAuthority(objects, pki, pkiDir)
      : ensureAuthenticationConfig(objects, pki.ca);
  const kubeconfig = join(options.dataDir, "admin.kubeconfig");
  const writeAdmin = (url: string): Promise<void> =>
    writeAdminKubeconfig(kubeconfig, options.name, url, pki);
  const parts = { ...options, store, claim, storeWatch, encryption, pki, audit, metrics };
  const running = await startWhenReadable(
    (listen, attempt) => {
      const access = attempt.use(openAccess({ ...parts, listen, tokenUsers }));
      return startServer({ ...parts, listen, access }, attempt);
    },
    { ...parts, onWaiting: writeAdmin },
    opened,
  );
  const { logger } = options;
  opened.use(renewCertificates({ server: running.server, pki, ensure, nowMs: Date.now, logger }));
  await writeAdmin(running.server.url);
  const whole = opened.move();
  const close = (): Promise<void> => whole.disposeAsync();
  return {
    ...running,
    pki,
    kubeconfig,
    logger,
    metrics,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function openAccess({
  tokenUsers,
  pki,
  listen: address,
}: Pick<Foundation, "pki" | "listen"> & {
  readonly tokenUsers: ReturnType<typeof readTokenFile>;
}): AccessControl {
  return createAccessControl({
    tokenUsers,
    serviceAccountKey: pki.serviceAccountKey,
    issuer: serviceAccountIssuer,
    externalUrl: urlOf(address),
    allowAnonymous: true,
    clock: Date.now,
  });
}

function openMetrics(opened: AsyncDisposableStack): MetricRegistry {
  const registry = new MetricRegistry();
  const closing = new AbortController();
  opened.defer(() => closing.abort());
  collectProcessMetrics(registry, closing.signal);
  return registry;
}

async function openAudit(
  options: Pick<ServerOptions, "auditLogPath"> & { readonly logger: Logger },
  opened: AsyncDisposableStack,
): Promise<AuditSink | undefined> {
  if (options.auditLogPath === undefined) return undefined;
  return opened.use(await openAuditLog(options.auditLogPath, { logger: options.logger }));
}

interface Foundation {
  readonly datastore: ServerOptions["datastore"];
  readonly listen: ServerOptions["listen"];
  readonly logger: Logger;
  readonly version: string;
  readonly extension: KubernetesApiExtension;
  readonly store: MvccStore;
  readonly storeWatch: StoreWatch;
  readonly encryption: OpenedEncryption;
  /** Says in the store whose it is. */
  readonly claim: (objects: ObjectAccess) => Promise<void>;
  readonly pki: Pki;
  readonly access: AccessControl;
  readonly audit: AuditSink | undefined;
  readonly metrics: MetricRegistry;
}

async function startServer(
  foundation: Foundation,
  opened: AsyncDisposableStack,
): Promise<Pick<KubernetesApi, "server" | "objects" | "registry" | "setReady">> {
  const { access, logger, store, storeWatch, pki } = foundation;
  const { monitor } = storeWatch;
  const { encryption } = foundation.encryption;
  const shared = isShared(foundation.datastore);
  const registry = createResourceRegistry();
  for (const definition of builtinResourceDefinitions({ handlers: access.handlers })) {
    registry.put(definition);
  }
  registry.put(createCrdResource());
  const core = opened.use(
    await openApiServerCore({
      store,
      registry,
      isShared: shared,
      monitor,
      logger,
      nowMs: Date.now,
      ...(encryption && { transformerOf: (of) => encryption.transformerOf(of) }),
    }),
  );
  const { objects } = core;
  await prepareObjects(foundation, core, registry, opened);
  const readiness = { isStarted: false, isShuttingDown: false };
  const webhooks = opened.use(await openWebhookAdmission({ objects, registry }));
  const server = await listen(foundation, { core, registry, readiness, webhooks });
  opened.defer(async () => {
    readiness.isShuttingDown = true;
    await server.close({ limitMs: 5000 });
  });
  const stopping = new AbortController();
  const tokens = runTokenSecretController(
    { objects, logger, key: pki.serviceAccountKey, ca: pki.ca },
    stopping.signal,
  );
  opened.defer(async () => {
    stopping.abort();
    await tokens;
  });
  const setReady = (): void => {
    readiness.isStarted = true;
  };
  return { server, objects, registry, setReady };
}

/** What every start makes sure of: CRDs are served, and the objects that a cluster begins with are there. */
async function prepareObjects(
  { extension, access, logger, claim, listen: address }: Foundation,
  { objects }: ApiServerCore,
  registry: ResourceRegistry,
  opened: AsyncDisposableStack,
): Promise<void> {
  // First: what follows is written for whoever owns the store.
  await claim(objects);
  const { converterOf } = extension;
  const crds = openCrdController({
    objects,
    registry,
    logger,
    nowMs: Date.now,
    findDefinition: findBuiltinDefinition,
    conversionOf: (crd) => conversionOfCrd(crd, converterOf === undefined ? {} : { converterOf }),
  });
  opened.use(crds);
  await Promise.all([
    crds.ready,
    ensureBootstrapObjects(objects, address.port === 0 ? {} : { port: address.port }),
    access.start(objects),
  ]);
  await extension.bootstrap?.(objects);
}

function listen(
  foundation: Foundation,
  parts: {
    readonly core: ApiServerCore;
    readonly registry: ResourceRegistry;
    readonly readiness: Readiness;
    readonly webhooks: WebhookAdmission;
  },
): Promise<ApiServer> {
  const { access, extension, logger, pki, store, storeWatch, audit } = foundation;
  const { core, registry, webhooks } = parts;
  const { objects } = core;
  const builtin = builtinAdmission(objects, { clock: Date.now });
  const own = extension.admission?.(objects, access.authorizer) ?? [];
  return createApiServer(
    {
      store,
      registry,
      logger,
      nowMs: Date.now,
      authenticate: access.authenticator,
      authorize: access.authorizer,
      impersonate: access.impersonate,
      admission: [
        access.escalationPlugin,
        ...builtin.beforeWebhooks,
        webhooks.mutating,
        // After people's webhooks, so that none of them undoes what the federation insists on.
        ...own,
        webhooks.validating,
        ...builtin.afterWebhooks,
      ],
      handlers: [
        ...(extension.handlers?.(access.authorizer) ?? []),
        ...createHandlers({ ...foundation, registry, readiness: parts.readiness }),
      ],
      tls: { key: pki.server.key, cert: pki.server.certificate, clientCa: pki.ca },
      listen: foundation.listen,
      protobuf: loadBuiltinDefinitions().messages,
      onStoreFailure: storeWatch.note,
      ...(audit === undefined ? {} : { audit }),
    },
    core,
  );
}

function writeAdminKubeconfig(file: string, name: string, url: string, pki: Pki): Promise<void> {
  const { certificate, key } = pki.admin;
  return writeKubeconfig(file, {
    server: localUrl(url),
    ca: pki.ca,
    cert: certificate,
    key,
    name,
  });
}
