import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ObjectListener, ObjectScope } from "@cellplane/apiserver";
import { createInformer, type ResourcePath, type RestClient } from "@cellplane/client";
import { clusterViewVersion, groups } from "@cellplane/federation";
import type { LookupSource } from "../../federation/federation-lookups.ts";

const ledgers = new Set(["propagatedversions", "clusterpropagatedversions"]);

/** What admission looks up of a server that is not in this process; until `signal` aborts. */
export function createRemoteObjects(
  client: RestClient,
  onError: (error: unknown) => void,
  signal: AbortSignal,
): LookupSource {
  return {
    list: async (scope) => listAll(client, pathOf(scope), signal),
    async watch(scope, listener) {
      const stop = new AbortController();
      const either = AbortSignal.any([signal, stop.signal]);
      const informer = createInformer({ client, path: pathOf(scope), onError });
      informer.addHandler(handlerOf(listener));
      // It never rejects for a server's failure.
      void informer.run(either);
      await informer.waitForSync(either);
      return { [Symbol.dispose]: () => stop.abort() };
    },
  };
}

function handlerOf(listener: ObjectListener): {
  readonly onAdd: (object: KubernetesObject) => void;
  readonly onUpdate: (object: KubernetesObject, old: KubernetesObject) => void;
  readonly onDelete: (object: KubernetesObject) => void;
} {
  return {
    onAdd: (object) => listener.onPut(object, undefined),
    onUpdate: (object, old) => listener.onPut(object, old),
    onDelete: (object) => listener.onDelete(object),
  };
}

async function listAll(
  client: RestClient,
  path: ResourcePath,
  signal: AbortSignal,
): Promise<readonly KubernetesObject[]> {
  const all: KubernetesObject[] = [];
  let next: string | undefined;
  do {
    const query = { limit: 500, ...(next === undefined ? {} : { continue: next }) };
    const page = await client.list(path, query, signal);
    all.push(...page.items);
    next = page.metadata.continue;
  } while (next !== undefined && next !== "");
  return all;
}

/** The version of a scope that admission's rules are written for. */
function pathOf({ group, resource, namespace }: ObjectScope): ResourcePath {
  const path = { group, version: versionOf(group, resource), resource };
  return namespace === undefined ? path : { ...path, namespace };
}

function versionOf(group: string, resource: string): string {
  if (group === "") return "v1";
  if (group === groups.cellplane || ledgers.has(resource)) return "v1alpha1";
  return group === groups.core ? "v1beta1" : clusterViewVersion;
}
