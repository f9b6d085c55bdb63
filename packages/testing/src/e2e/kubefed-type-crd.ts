import type { KubernetesObject } from "@cellplane/apimachinery";
import { type ApiResource, federatedResource } from "@cellplane/federation";

const text = { type: "string" };
const any = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const selector = {
  type: "object",
  properties: {
    matchLabels: { type: "object", additionalProperties: text },
    matchExpressions: {
      type: "array",
      items: {
        type: "object",
        properties: { key: text, operator: text, values: { type: "array", items: text } },
        required: ["key", "operator"],
      },
    },
  },
};

/** A federated kind's CRD as `kubefedctl enable` makes it: one version, and KubeFed's fields alone. */
export function kubefedTypeCrd(target: ApiResource, shortName?: string): KubernetesObject {
  const { group = "", kind, pluralName, scope } = federatedResource(target);
  const named = { type: "object", properties: { name: text }, required: ["name"] };
  const patch = {
    type: "object",
    properties: {
      op: { type: "string", pattern: "^(add|remove|replace)?$" },
      path: text,
      value: { "x-kubernetes-preserve-unknown-fields": true },
    },
    required: ["path"],
  };
  const override = {
    type: "object",
    properties: { clusterName: text, clusterOverrides: { type: "array", items: patch } },
  };
  const hasReplicas = ["Deployment", "ReplicaSet"].includes(target.kind);
  const spec = {
    type: "object",
    properties: {
      placement: {
        type: "object",
        properties: { clusters: { type: "array", items: named }, clusterSelector: selector },
      },
      overrides: { type: "array", items: override },
      template: any,
      ...(hasReplicas ? { retainReplicas: { type: "boolean" } } : {}),
    },
  };
  const schema = {
    type: "object",
    required: ["spec"],
    properties: { apiVersion: text, kind: text, metadata: { type: "object" }, spec, status: any },
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${pluralName}.${group}` },
    spec: {
      group,
      scope,
      names: {
        plural: pluralName,
        kind,
        ...(shortName === undefined ? {} : { shortNames: [`f${shortName}`] }),
      },
      versions: [
        {
          name: "v1beta1",
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: schema },
        },
      ],
    },
  };
}
