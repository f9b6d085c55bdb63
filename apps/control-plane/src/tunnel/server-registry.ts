import { isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import type { Logger, ObjectAccess } from "@cellplane/apiserver";
import { kubefed } from "@cellplane/federation";
import type { ServerList, ServerRoster } from "@cellplane/tunnel";
import {
  addServer,
  listServers,
  seeServer,
  type ServerRecord,
  tunnelConfigName,
} from "./server-records.ts";

/** What a registry stands on. */
export interface ServerRegistryDependencies {
  readonly objects: ObjectAccess;
  readonly nowMs: () => number;
  readonly logger: Logger;
  /** Others may serve agents on the same store: then each shows again and again that it is there. */
  readonly isShared: boolean;
}

const scope = { group: "", resource: "configmaps", namespace: kubefed.systemNamespace };
const seeEveryMs = 60_000;

/** The tunnel servers on one store, as the ConfigMap `cellplane-tunnel` has them. */
export class ServerRegistry implements ServerRoster, Disposable {
  readonly #deps: ServerRegistryDependencies;
  readonly #listeners = new Set<() => void>();
  #config: KubernetesObject | undefined;
  #told = "";
  #watch: Disposable | undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(deps: ServerRegistryDependencies) {
    this.#deps = deps;
  }

  /** Reads which servers there are, and follows them. */
  static async open(deps: ServerRegistryDependencies): Promise<ServerRegistry> {
    const registry = new ServerRegistry(deps);
    registry.#watch = await deps.objects.watch(scope, {
      onPut: (object) => registry.#see(object, object),
      onDelete: (object) => registry.#see(object, undefined),
    });
    return registry;
  }

  /** Tells `join` and all agents that a server takes agents at an address. */
  async announce(server: ServerRecord & { readonly ca: string }): Promise<void> {
    const { objects, nowMs } = this.#deps;
    const add = (config: KubernetesObject): KubernetesObject => addServer(config, server, nowMs());
    const metadata = { name: tunnelConfigName, namespace: kubefed.systemNamespace };
    const empty = { apiVersion: "v1", kind: "ConfigMap", metadata };
    try {
      await objects.create(scope, add(empty));
    } catch (error) {
      if (!isStatus(error, "AlreadyExists")) throw error;
      await objects.update(scope, tunnelConfigName, add);
    }
    if (!this.#deps.isShared) return;
    this.#timer = setInterval(() => void this.#show(server), seeEveryMs).unref();
  }

  current(): ServerList {
    return listServers(this.#config, this.#deps.nowMs());
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#watch?.[Symbol.dispose]();
  }

  async #show(server: ServerRecord): Promise<void> {
    const { objects, nowMs, logger } = this.#deps;
    try {
      await objects.update(scope, tunnelConfigName, (config) => seeServer(config, server, nowMs()));
    } catch (err) {
      logger.warn({ err }, "not shown to other servers of the tunnel; trying again");
    }
  }

  #see({ metadata }: KubernetesObject, config: KubernetesObject | undefined): void {
    if (metadata.name !== tunnelConfigName) return;
    this.#config = config;
    // That somebody is still there is no news to agents.
    const text = JSON.stringify(this.current());
    if (text === this.#told) return;
    this.#told = text;
    for (const listener of this.#listeners) listener();
  }
}
