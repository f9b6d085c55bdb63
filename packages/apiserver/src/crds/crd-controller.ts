import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ObjectAccess } from "../registry/object-access.ts";
import type { ResourceRegistry } from "../registry/resource-registry.ts";
import type { Logger } from "../request/logger.ts";
import {
  cleanupFinalizer,
  crdResource,
  type CustomResourceDefinition,
  decodeCrd,
  encodeCrd,
  isConditionTrue,
} from "./custom-resource-definition.ts";
import {
  computeDefinitionEtag,
  createDefinitionOfCrd,
  type DefinitionDependencies,
} from "./definition-of-crd.ts";
import { deleteInstances } from "./delete-instances.ts";
import { KeyedWorker } from "./keyed-worker.ts";
import { acceptNames, setCondition } from "./names-acceptance.ts";

/** What the controller works on. */
export interface CrdControllerDependencies extends DefinitionDependencies {
  readonly objects: ObjectAccess;
  readonly registry: ResourceRegistry;
  readonly nowMs: () => number;
  readonly logger: Logger;
}

/** Keeps the registry as the CRDs say. */
export interface CrdController extends AsyncDisposable {
  /** Settles once every CRD established before is in the registry. */
  readonly ready: Promise<void>;
}

/**
 * Starts to accept names, establish CRDs, serve established ones and clean up deleted ones. A
 * resource is in the registry by the time its CRD is first read as established.
 */
export function openCrdController(deps: CrdControllerDependencies): CrdController {
  const controller = new Controller(deps);
  return {
    ready: controller.start(),
    [Symbol.asyncDispose]: () => controller.stop(),
  };
}

class Controller {
  readonly #deps: CrdControllerDependencies;
  readonly #crds = new Map<string, CustomResourceDefinition>();
  readonly #abort = new AbortController();
  readonly #naming: KeyedWorker;
  readonly #cleaning: KeyedWorker;
  #watch: Disposable | undefined;

  constructor(deps: CrdControllerDependencies) {
    this.#deps = deps;
    const options = { signal: this.#abort.signal, logger: deps.logger };
    // Names are a matter between CRDs, so one at a time; clean-ups wait for others' finalizers.
    this.#naming = new KeyedWorker((name) => this.#syncNames(name), { ...options, concurrency: 1 });
    this.#cleaning = new KeyedWorker((name) => this.#cleanUp(name), {
      ...options,
      concurrency: 50,
    });
  }

  async start(): Promise<void> {
    this.#watch = await this.#deps.objects.watch(crdResource, {
      onPut: (object) => this.#onPut(object),
      onDelete: (object) => this.#onDelete(object),
    });
    if (this.#abort.signal.aborted) this.#watch[Symbol.dispose]();
  }

  async stop(): Promise<void> {
    this.#watch?.[Symbol.dispose]();
    this.#abort.abort();
    await Promise.all([this.#naming.drained(), this.#cleaning.drained()]);
  }

  #onPut(object: KubernetesObject): void {
    const crd = decodeCrd(object);
    const name = crd.metadata.name ?? "";
    const isNew = !this.#crds.has(name);
    this.#crds.set(name, crd);
    this.#serve(crd);
    this.#naming.add(name);
    if (!isNew) this.#addOthers(crd);
    if (needsCleanUp(crd)) this.#cleaning.add(name);
  }

  #onDelete(object: KubernetesObject): void {
    const crd = decodeCrd(object);
    this.#crds.delete(crd.metadata.name ?? "");
    const { group, names } = crd.spec;
    if (this.#deps.registry.findResource(group, names.plural)?.origin === "crd")
      this.#deps.registry.remove(group, names.plural);
    this.#addOthers(crd);
  }

  #serve(crd: CustomResourceDefinition): void {
    if (!isConditionTrue(crd, "Established")) return;
    const { registry } = this.#deps;
    const current = registry.findResource(crd.spec.group, crd.spec.names.plural);
    if (current?.origin === "builtin" || current?.etag === computeDefinitionEtag(crd)) return;
    // One CRD that another server let through must not keep the others from being served.
    try {
      registry.put(createDefinitionOfCrd(crd, this.#deps));
    } catch (error) {
      this.#deps.logger.error({ crd: crd.metadata.name, error }, "CRD cannot be served");
    }
  }

  /** Those refused a name that this one may have given up. */
  #addOthers(crd: CustomResourceDefinition): void {
    for (const [name, other] of this.#crds) {
      if (other === crd || other.spec.group !== crd.spec.group) continue;
      if (!isConditionTrue(other, "NamesAccepted")) this.#naming.add(name);
    }
  }

  async #syncNames(name: string): Promise<void> {
    const known = this.#crds.get(name);
    if (!known || this.#accept(known) === known) return;
    await this.#updateStatus(known, (crd) => this.#accept(crd));
  }

  #accept(crd: CustomResourceDefinition): CustomResourceDefinition {
    const others = Array.from(this.#crds.values()).filter(
      ({ metadata, spec }) => spec.group === crd.spec.group && metadata.name !== crd.metadata.name,
    );
    return acceptNames(crd, others, this.#now());
  }

  async #cleanUp(name: string): Promise<void> {
    const crd = this.#crds.get(name);
    if (!crd || !needsCleanUp(crd)) return;
    if (isConditionTrue(crd, "Established")) {
      await this.#setTerminating(crd, "True", inProgress);
      await deleteInstances(this.#deps.objects, crd, this.#abort.signal);
      await this.#setTerminating(crd, "False", completed);
    } else await this.#setTerminating(crd, "False", neverEstablished);
    await this.#deps.objects.update(crdResource, name, (current) => {
      if (current.metadata.uid !== crd.metadata.uid) return current;
      const finalizers = (current.metadata.finalizers ?? []).filter(
        (finalizer) => finalizer !== cleanupFinalizer,
      );
      return { ...current, metadata: { ...current.metadata, finalizers } };
    });
  }

  #setTerminating(
    crd: CustomResourceDefinition,
    status: "True" | "False",
    why: { readonly reason: string; readonly message: string },
  ): Promise<unknown> {
    return this.#updateStatus(crd, (current) =>
      setCondition(current, { type: "Terminating", status, ...why }, this.#now()),
    );
  }

  #updateStatus(
    { metadata }: CustomResourceDefinition,
    change: (crd: CustomResourceDefinition) => CustomResourceDefinition,
  ): Promise<unknown> {
    return this.#deps.objects.update(
      crdResource,
      metadata.name ?? "",
      (current) => {
        if (current.metadata.uid !== metadata.uid) return current;
        const crd = decodeCrd(current);
        const changed = change(crd);
        return changed === crd ? current : encodeCrd(changed);
      },
      "status",
    );
  }

  #now(): string {
    return new Date(this.#deps.nowMs()).toISOString().replace(/\.\d+Z$/, "Z");
  }
}

const inProgress = {
  reason: "InstanceDeletionInProgress",
  message: "CustomResource deletion is in progress",
};
const completed = { reason: "InstanceDeletionCompleted", message: "removed all instances" };
const neverEstablished = { reason: "NeverEstablished", message: "resource was never established" };

function needsCleanUp({ metadata }: CustomResourceDefinition): boolean {
  return (
    metadata.deletionTimestamp !== undefined &&
    metadata.finalizers?.includes(cleanupFinalizer) === true
  );
}
