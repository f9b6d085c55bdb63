import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import { groups } from "../api/names.ts";
import { ageColumn, createCrd } from "./crd.ts";
import { objectOf, rootSchema, text } from "./schema.ts";

/** `TenantQuota`. */
export function tenantQuotaCrd(): KubernetesObject {
  const spec = objectOf(
    "How much a tenant may have.",
    {
      tenant: text("The tenant.", { minLength: 1 }),
      workspaceGroup: text("Only of this workspace group; absent is the whole tenant."),
      hard: amounts(
        "Limits, by count/RESOURCE.GROUP, count/federatedobjects or members-per-object.",
      ),
    },
    ["tenant", "hard"],
  );
  const status = objectOf("What is limited, and what there is.", {
    hard: amounts("The limits that used is about."),
    used: amounts("What there is."),
  });
  return createCrd({
    group: groups.cellplane,
    kind: "TenantQuota",
    plural: "tenantquotas",
    shortNames: ["tq"],
    categories: ["cellplane"],
    scope: "Cluster",
    versions: [
      {
        name: "v1alpha1",
        storage: true,
        status: "subresource",
        schema: rootSchema("Limits of what a tenant may have in the control plane.", {
          spec,
          status,
        }),
        columns: [
          { name: "Tenant", type: "string", jsonPath: ".spec.tenant" },
          { name: "Workspace-Group", type: "string", jsonPath: ".spec.workspaceGroup" },
          ageColumn,
        ],
      },
    ],
  });
}

// Kubernetes' quantities; only whole numbers make sense here, and admission says so.
function amounts(description: string): JsonObject {
  const amount = {
    anyOf: [{ type: "integer" }, { type: "string" }],
    "x-kubernetes-int-or-string": true,
  };
  return { type: "object", description, additionalProperties: amount };
}
