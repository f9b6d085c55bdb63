import { badRequest, notFound, StatusError } from "@cellplane/apimachinery";
import {
  explainHistory,
  explainPlan,
  inspectApiVersion,
  type PlacementDiff,
  type PlacementExplanation,
  previewWrites,
  type RevisionHistory,
  topologyTypeOf,
  type WritePreview,
} from "@cellplane/federation";
import { revisionTimesOf } from "../sync/revision-store.ts";
import { diffTopology } from "./diff-topology.ts";
import {
  type InspectedControllers,
  type InspectedObject,
  type InspectedRef,
  inspectObject,
  starting,
} from "./inspected-object.ts";

// One request asks at most so many members at once.
const maxAsked = 16;

/**
 * Answers what the running controllers know of one federated object, and would do: by the same view
 * and the same plan. Throws a `StatusError` where it cannot; asks members nothing but dry runs.
 */
export class Inspector {
  #controllers: InspectedControllers | undefined;

  /** Lets these controllers be asked, until what is returned is disposed. */
  open(controllers: InspectedControllers): Disposable {
    this.#controllers = controllers;
    return {
      [Symbol.dispose]: () => {
        if (this.#controllers === controllers) this.#controllers = undefined;
      },
    };
  }

  /** Why it is where it is. */
  explain(
    ref: InspectedRef,
    { topology }: { readonly topology?: string } = {},
  ): PlacementExplanation {
    const { view, plan, controller, key } = inspectObject(ref, this.#running());
    return explainPlan(view, plan, {
      lastWriteIn: (member) => controller.lastWrite(key, member),
      ...(topology === undefined ? {} : { topology }),
    });
  }

  /** Its kept revisions, and who stands on each. */
  history(ref: InspectedRef, { topology }: { readonly topology?: string } = {}): RevisionHistory {
    const controllers = this.#running();
    const { view, plan, object, controller } = inspectObject(ref, controllers);
    const times = revisionTimesOf(object, controller.type, controllers.shared);
    if (topology !== undefined && !isConcerned(topology, plan.decisions)) {
      throw unknownTopology(topology);
    }
    return explainHistory(view, plan, {
      createdAt: (revision) => times.get(revision),
      ...(topology === undefined ? {} : { topology }),
    });
  }

  /** What would change in its members, were nothing held. */
  async diff(
    ref: InspectedRef,
    { topology, revision }: { readonly topology?: string; readonly revision?: number },
    signal: AbortSignal,
  ): Promise<PlacementDiff> {
    const controllers = this.#running();
    const inspected = inspectObject(ref, controllers);
    const { view, plan, object } = inspected;
    const toRevision = revision ?? plan.desiredRevision;
    checkKept(toRevision, inspected);
    const previews = previewWrites(view, plan, toRevision).filter(({ current }) =>
      topology === undefined ? true : isConcerned(topology, [current]),
    );
    if (topology !== undefined && previews.length === 0) throw unknownTopology(topology);
    const { name = "", namespace, generation = 0 } = object.metadata;
    const context = { inspected, controllers, revision: toRevision };
    return {
      apiVersion: inspectApiVersion,
      kind: "PlacementDiff",
      metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
      objectKind: object.kind ?? view.typeConfig.federatedType.kind,
      topologyType: topologyTypeOf(object),
      generation,
      observedGeneration: object.status?.observedGeneration ?? 0,
      revision: toRevision,
      topologies: await inTurns(previews, (preview) => diffTopology(preview, context, signal)),
    };
  }

  #running(): InspectedControllers {
    if (!this.#controllers) throw starting();
    return this.#controllers;
  }
}

function isConcerned(name: string, decisions: readonly WritePreview["current"][]): boolean {
  return decisions.some(({ topology, member }) => topology === name || member === name);
}

// The same words for what does not exist, is another tenant's, or is not concerned.
function unknownTopology(name: string): StatusError {
  const found = notFound({ group: "inspect.cellplane.io", resource: "topologies", name });
  const message = `${found.message}: the object neither is nor shall be in a topology of that name`;
  return new StatusError("NotFound", message, { details: found.details ?? {} });
}

function checkKept(revision: number, { view, plan }: InspectedObject): void {
  const kept = view.revisions.map(({ number }) => number);
  const all = plan.newRevision ? [...kept, plan.newRevision.number] : kept;
  if (all.includes(revision)) return;
  const list = all.toSorted((a, b) => a - b).join(", ") || "none yet";
  throw badRequest(
    `Cannot compare with revision ${revision} as it must be one that is kept: kept are ${list}`,
  );
}

async function inTurns<T, Result>(
  items: readonly T[],
  run: (item: T) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += maxAsked) {
    const part = await Promise.all(items.slice(at, at + maxAsked).map(run));
    results.push(...part);
  }
  return results;
}
