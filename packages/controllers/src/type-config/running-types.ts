import type { Informer } from "@cellplane/client";
import { type FederatedObject, type FederatedTypeConfig, kubefed } from "@cellplane/federation";
import type { SharedInformers } from "../shared/shared-informers.ts";
import type { FederatedNamespaces, SyncedType } from "../sync/sync-dependencies.ts";

/** A type whose objects are kept in sync now. */
export interface RunningType {
  readonly type: SyncedType;
  /** Aborts when it is stopped. */
  readonly signal: AbortSignal;
}

/** Whether a FederatedTypeConfig asks for propagation. */
export function isEnabled(config: FederatedTypeConfig | undefined): boolean {
  return config?.spec.propagation === "Enabled" && config.metadata.deletionTimestamp === undefined;
}

/** The federated types that run now, for controllers that work beside their sync. */
export class RunningTypes {
  readonly #types = new Map<string, RunningType>();
  readonly #listeners = new Set<() => void>();
  #limiter: Informer<FederatedObject> | undefined;
  readonly #shared: SharedInformers;
  readonly #systemNamespace: string;

  constructor(deps: { readonly shared: SharedInformers; readonly systemNamespace: string }) {
    this.#shared = deps.shared;
    this.#systemNamespace = deps.systemNamespace;
  }

  /** By the name of the FederatedTypeConfig. */
  get(name: string): RunningType | undefined {
    return this.#types.get(name);
  }

  list(): readonly RunningType[] {
    return Array.from(this.#types.values());
  }

  set(type: SyncedType, signal: AbortSignal): void {
    this.#types.set(type.name, { type, signal });
    this.#tell();
  }

  delete(name: string): void {
    if (this.#types.delete(name)) this.#tell();
  }

  /** Tells `listener` when a type starts or stops, until `signal` aborts. */
  onChange(listener: () => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener), { once: true });
  }

  /** Takes FederatedNamespaces from `limiter`, as long as their type itself does not run. */
  limitBy(limiter: Informer<FederatedObject> | undefined): void {
    this.#limiter = limiter;
  }

  /** The FederatedNamespaces, which limit objects spread by cluster. */
  federatedNamespaces(): FederatedNamespaces {
    const key = kubefed.namespacesTypeConfig;
    const config = this.#shared.typeConfigs.get(`${this.#systemNamespace}/${key}`);
    if (!isEnabled(config)) return { kind: "off" };
    const informer = this.#limiter ?? this.#types.get(key)?.type.objects;
    return informer?.hasSynced ? { kind: "read", informer } : { kind: "starting" };
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
