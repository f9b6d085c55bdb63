import { type RestClient, TextPool } from "@cellplane/client";
import { joinedClusterOf, type KubeFedCluster } from "@cellplane/federation";
import type { ErrorReporter } from "../shared/controller.ts";
import type { FederationMetrics } from "../metrics/federation-metrics.ts";
import {
  type FederationSettings,
  type MemberLimits,
  readMemberLimits,
} from "../shared/federation-settings.ts";
import type { SharedInformers } from "../shared/shared-informers.ts";
import { MemberConnection } from "./member-connection.ts";
import {
  type CredentialsOutcome,
  type MemberCredentials,
  readMemberCredentials,
} from "./member-credentials.ts";
import { type OpenSecret, SealedSecrets } from "./sealed-secrets.ts";

/**
 * Reaches a member's API server: directly, or through a tunnel. `token` gives the token as it is
 * now, for each request: one that is renewed breaks nothing off.
 */
export type ConnectMember = (
  cluster: string,
  credentials: MemberCredentials,
  token: () => string,
) => RestClient;

/** What changed of a member: its connection, or the kinds that it serves. */
export type MemberChange = "connection" | "served";

/** Told the joined cluster's name, and what changed. */
export type MemberListener = (cluster: string, change: MemberChange) => void;

interface Entry {
  /** Of all but the token. */
  readonly fingerprint: string;
  readonly connection: MemberConnection;
  readonly token: { current: string };
}

/**
 * The connections to all joined clusters. A changed endpoint, CA or certificate replaces a
 * connection without a restart, and so does a token where the one before was refused; else a new
 * token is used from the next request on. Derived clusters (cells) use that of their joined one.
 */
export class MemberPool implements AsyncDisposable {
  readonly #entries = new Map<string, Entry>();
  readonly #texts = new TextPool();
  readonly #listeners = new Set<MemberListener>();
  readonly #shared: SharedInformers;
  readonly #connect: ConnectMember;
  readonly #systemNamespace: string;
  readonly #onError: ErrorReporter;
  readonly #settings: () => FederationSettings;
  readonly #metrics: FederationMetrics | undefined;
  readonly #sealed: SealedSecrets;

  constructor(deps: {
    readonly shared: SharedInformers;
    readonly connect: ConnectMember;
    readonly systemNamespace: string;
    readonly onError: ErrorReporter;
    /** Opens sealed credentials; without it they are reported as malformed. */
    readonly openSecret?: OpenSecret;
    readonly settings: () => FederationSettings;
    readonly metrics?: FederationMetrics;
  }) {
    const { shared } = deps;
    this.#shared = shared;
    this.#connect = deps.connect;
    this.#systemNamespace = deps.systemNamespace;
    this.#onError = deps.onError;
    this.#sealed = new SealedSecrets(deps.openSecret, (cluster) => {
      this.#refresh(cluster);
      // Why there is none may have changed, though there is none still.
      if (!this.#entries.has(cluster)) this.#tell(cluster, "connection");
    });
    this.#settings = deps.settings;
    this.#metrics = deps.metrics;
    const refresh = (cluster: KubeFedCluster): void => this.#refresh(joinedClusterOf(cluster));
    shared.clusters.addHandler({ onAdd: refresh, onUpdate: refresh, onDelete: refresh });
    const refreshUsers = (secret: { readonly metadata: { readonly name?: string } }): void => {
      for (const cluster of shared.clusters.list()) {
        if (cluster.spec.secretRef?.name === secret.metadata.name) refresh(cluster);
      }
    };
    shared.secrets.addHandler({
      onAdd: refreshUsers,
      onUpdate: refreshUsers,
      onDelete: refreshUsers,
    });
  }

  /** The connection of a joined cluster; `undefined` while its configuration is malformed. */
  get(cluster: string): MemberConnection | undefined {
    return this.#entries.get(cluster)?.connection;
  }

  /** All connections there are. */
  list(): readonly MemberConnection[] {
    return Array.from(this.#entries.values(), ({ connection }) => connection);
  }

  /** Why a joined cluster has no connection. */
  problemOf(cluster: string): string | undefined {
    const object = this.#find(cluster);
    if (!object) return `KubeFedCluster ${JSON.stringify(cluster)} not found`;
    const outcome = this.#credentialsOf(object);
    if (outcome.kind === "pending") return "its Secret is being opened";
    return outcome.kind === "malformed" ? outcome.message : undefined;
  }

  /** Resolves once a joined cluster's Secret is opened, or known not to open. */
  whenOpened(cluster: string): Promise<void> {
    return this.#sealed.whenTried(cluster);
  }

  /** Tells `listener` when a connection comes, goes or is replaced, or serves other kinds, until `signal` aborts. */
  onChange(listener: MemberListener, signal?: AbortSignal): void {
    if (signal?.aborted) return;
    this.#listeners.add(listener);
    const remove = (): unknown => this.#listeners.delete(listener);
    signal?.addEventListener("abort", remove, { once: true });
  }

  /** Reads anew what a member serves; whoever waits for a kind there is told. */
  async refreshServed(cluster: string): Promise<void> {
    const groups = this.#shared.typeConfigs.list().map(({ spec }) => spec.targetType.group ?? "");
    if (await this.get(cluster)?.refreshDiscovery(groups)) this.#tell(cluster, "served");
  }

  /** Whether a federated kind is served in a member in none of its versions, or no longer in the one it is watched in. */
  lacksKind(cluster: string): boolean {
    const connection = this.get(cluster);
    if (!connection) return false;
    if (connection.hasLostKind()) return true;
    return this.#shared.typeConfigs.list().some(({ spec }) => {
      const { targetType, targetVersions = [], propagation } = spec;
      const { group = "", pluralName: resource, version } = targetType;
      const served = connection.servedVersions({ group, resource });
      const isServed = [version, ...targetVersions].some((each) => served?.includes(each));
      return propagation === "Enabled" && served !== undefined && !isServed;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sealed[Symbol.dispose]();
    const entries = Array.from(this.#entries.values());
    this.#entries.clear();
    await Promise.all(entries.map(({ connection }) => connection[Symbol.asyncDispose]()));
  }

  #refresh(cluster: string): void {
    const object = this.#find(cluster);
    if (!object) this.#sealed.view(cluster, undefined);
    const outcome = object && this.#credentialsOf(object);
    if (outcome?.kind === "pending") return;
    const credentials = outcome?.kind === "found" ? outcome.credentials : undefined;
    const fingerprint = fingerprintOf(credentials);
    const known = this.#entries.get(cluster);
    if ((known?.fingerprint ?? fingerprintOf(undefined)) === fingerprint) {
      const token = credentials?.token ?? "";
      if (!known || known.token.current === token) return;
      if (!known.connection.isRefused) {
        known.token.current = token;
        return;
      }
    }
    if (known) {
      this.#entries.delete(cluster);
      known.connection[Symbol.asyncDispose]().catch((error: unknown) => {
        this.#onError(error, { cluster });
      });
    }
    if (credentials) {
      const token = { current: credentials.token };
      const client = this.#connect(cluster, credentials, () => token.current);
      const connection = new MemberConnection(cluster, client, {
        texts: this.#texts,
        limits: () => this.#limitsOf(cluster),
        ...(this.#metrics ? { metrics: this.#metrics } : {}),
      });
      this.#entries.set(cluster, { fingerprint, connection, token });
    }
    this.#tell(cluster, "connection");
  }

  // The cluster's own, or else those of KubeFedConfig; both may change at any time.
  #limitsOf(cluster: string): MemberLimits {
    const own = this.#find(cluster)?.spec.memberClient;
    return own ? readMemberLimits(own) : this.#settings().memberClient;
  }

  /** `pending`: what is connected stays so, until the Secret is opened or known not to open. */
  #credentialsOf(object: KubeFedCluster): CredentialsOutcome | { readonly kind: "pending" } {
    const { name = "" } = object.metadata;
    const view = this.#sealed.view(name, this.#secretOf(object));
    switch (view.kind) {
      case "readable":
        return readMemberCredentials(object, view.secret);
      case "opening":
        return { kind: "pending" };
      case "closed":
        // A key service that is away cuts no connection that stands.
        return view.isRetryable && this.#entries.has(name)
          ? { kind: "pending" }
          : { kind: "malformed", message: view.message };
    }
  }

  #tell(cluster: string, change: MemberChange): void {
    for (const listener of this.#listeners) listener(cluster, change);
  }

  #find(cluster: string): KubeFedCluster | undefined {
    return this.#shared.clusters.get(`${this.#systemNamespace}/${cluster}`);
  }

  #secretOf(cluster: KubeFedCluster): ReturnType<SharedInformers["secrets"]["get"]> {
    const { namespace = "" } = cluster.metadata;
    return this.#shared.secrets.get(`${namespace}/${cluster.spec.secretRef?.name ?? ""}`);
  }
}

/** Tells whether a cluster is reached otherwise; a token that comes or goes is another way, too. */
function fingerprintOf(credentials: MemberCredentials | undefined): string {
  if (!credentials) return "null";
  return JSON.stringify({ ...credentials, token: credentials.token !== "" });
}
