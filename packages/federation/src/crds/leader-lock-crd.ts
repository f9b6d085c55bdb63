import type { KubernetesObject } from "@cellplane/apimachinery";
import { groups } from "../api/names.ts";
import { createCrd, ageColumn } from "./crd.ts";

/**
 * An object that holds the leader-election annotation, on hosts that serve neither ConfigMaps nor
 * Endpoints. Not one of `coreCrds()`: only such hosts get it.
 */
export function leaderLockCrd(): KubernetesObject {
  return createCrd({
    group: groups.cellplane,
    kind: "LeaderLock",
    plural: "leaderlocks",
    scope: "Namespaced",
    versions: [
      {
        name: "v1alpha1",
        storage: true,
        status: "none",
        columns: [ageColumn],
        schema: {
          type: "object",
          description: "Who runs the federation's controllers: in an annotation.",
        },
      },
    ],
  });
}
