import { StatusError } from "@cellplane/apimachinery";
import type { ObjectAccess } from "@cellplane/apiserver";
import { createHttpConnections, type HttpConnections } from "@cellplane/client/node";
import {
  type CredentialsOutcome,
  type MemberCredentials,
  type OpenSecret,
  readMemberCredentials,
  SealedSecrets,
} from "@cellplane/controllers";
import {
  type Cell,
  cellOfCluster,
  groups,
  joinedClusterOf,
  kubefed,
  type KubeFedCluster,
  targetNamespaceOf,
} from "@cellplane/federation";
import type { TunnelServer } from "@cellplane/tunnel";
import { memberConnection } from "../federation/connect-member.ts";
import { proxyGroup } from "./proxy-path.ts";

/** What routes stand on. */
export interface MemberRoutesDependencies {
  readonly objects: ObjectAccess;
  readonly tunnel?: Pick<TunnelServer, "dial">;
  /** Opens sealed credentials. */
  readonly openSecret?: OpenSecret;
}

/** The way to a member's API server. */
export interface MemberRoute {
  /** The joined cluster. */
  readonly cluster: string;
  readonly endpoint: string;
  /** Empty where the credential is a client certificate. */
  readonly token: string;
  readonly connections: HttpConnections;
  /** Of a cell: its namespace there. */
  readonly cellNamespace: string | undefined;
}

interface Entry {
  readonly fingerprint: string;
  readonly connections: HttpConnections;
}

const namespace = kubefed.systemNamespace;

/**
 * The ways to all members, by the credentials that controllers use. A renewed token breaks nothing
 * off; another endpoint, CA or certificate does, and so does leaving.
 */
export class MemberRoutes implements Disposable {
  readonly #deps: MemberRoutesDependencies;
  readonly #clusters = new Map<string, KubeFedCluster>();
  readonly #entries = new Map<string, Entry>();
  readonly #sealed: SealedSecrets;
  #watch: Disposable | undefined;

  private constructor(deps: MemberRoutesDependencies) {
    this.#deps = deps;
    this.#sealed = new SealedSecrets(deps.openSecret, () => undefined);
  }

  /** Reads the clusters there are, and follows them. */
  static async open(deps: MemberRoutesDependencies): Promise<MemberRoutes> {
    const routes = new MemberRoutes(deps);
    const scope = { group: groups.core, resource: "kubefedclusters", namespace };
    routes.#watch = await deps.objects.watch(scope, {
      onPut: (object) => {
        routes.#clusters.set(object.metadata.name ?? "", object as KubeFedCluster);
      },
      onDelete: ({ metadata: { name = "" } }) => {
        routes.#clusters.delete(name);
        routes.#drop(name);
      },
    });
    return routes;
  }

  /**
   * The way to a joined cluster, or to the one that a cell is on.
   * @throws {StatusError} 404 if there is no such cluster, 503 without a usable credential.
   */
  async find(name: string): Promise<MemberRoute> {
    const named = this.#clusters.get(name);
    const object = named && this.#clusters.get(joinedClusterOf(named));
    if (!object) throw notFound(name);
    const cluster = object.metadata.name ?? "";
    const outcome = await this.#credentialsOf(cluster, object);
    if (outcome.kind === "malformed") throw unusable(cluster, outcome.message);
    const { credentials } = outcome;
    const connections = this.#connectionsTo(cluster, credentials);
    const { endpoint, token } = credentials;
    const cellNamespace = await this.#cellNamespace(named);
    return { cluster, endpoint, token, connections, cellNamespace };
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    this.#sealed[Symbol.dispose]();
    for (const cluster of [...this.#entries.keys()]) this.#drop(cluster);
  }

  async #cellNamespace(named: KubeFedCluster): Promise<string | undefined> {
    const of = cellOfCluster(named);
    if (!of) return undefined;
    const scope = { group: "cellplane.io", resource: "cells", namespace: of.namespace };
    const cell = await this.#deps.objects.get(scope, of.cell, "lastSeen");
    if (!cell) throw notFound(named.metadata.name ?? "");
    return targetNamespaceOf(cell as Cell);
  }

  async #credentialsOf(cluster: string, object: KubeFedCluster): Promise<CredentialsOutcome> {
    const { secretRef } = object.spec;
    const scope = { group: "", resource: "secrets", namespace };
    const secret = await this.#deps.objects.get(scope, secretRef?.name ?? "", "lastSeen");
    this.#sealed.view(cluster, secret);
    await this.#sealed.whenTried(cluster);
    const view = this.#sealed.view(cluster, secret);
    switch (view.kind) {
      case "readable":
        return readMemberCredentials(object, view.secret);
      case "opening":
        return { kind: "malformed", message: "its Secret is being opened" };
      case "closed":
        return { kind: "malformed", message: view.message };
    }
  }

  #connectionsTo(cluster: string, credentials: MemberCredentials): HttpConnections {
    const fingerprint = JSON.stringify({ ...credentials, token: "" });
    const known = this.#entries.get(cluster);
    if (known?.fingerprint === fingerprint) return known.connections;
    this.#drop(cluster);
    const settings = memberConnection(cluster, credentials, this.#deps.tunnel);
    const connections = createHttpConnections(settings);
    this.#entries.set(cluster, { fingerprint, connections });
    return connections;
  }

  #drop(cluster: string): void {
    this.#entries.get(cluster)?.connections[Symbol.dispose]();
    this.#entries.delete(cluster);
  }
}

function notFound(name: string): StatusError {
  return new StatusError("NotFound", `clusters.${proxyGroup} ${JSON.stringify(name)} not found`, {
    details: { group: proxyGroup, kind: "clusters", name },
  });
}

function unusable(cluster: string, why: string): StatusError {
  const message = `Cannot reach cluster "${cluster}": ${why}`;
  return new StatusError("ServiceUnavailable", message, {
    details: { causes: [{ reason: "Malformed", message }] },
  });
}
