import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import { groups } from "../api/names.ts";
import { createCrd } from "./crd.ts";
import { flag, integer, listOf, objectOf, oneOf, rootSchema, text, time } from "./schema.ts";

const memberClient = objectOf("How many requests a member gets.", {
  qps: integer("Requests a second.", { minimum: 1 }),
  burst: integer("Requests at once.", { minimum: 1 }),
});

const switchValues = ["Enabled", "Disabled"];

/** `KubeFedCluster`. */
export function kubeFedClusterCrd(): KubernetesObject {
  const spec = objectOf(
    "How the cluster is reached.",
    {
      apiEndpoint: text("Host, host:port or URL of the member's API server."),
      caBundle: text("PEM bundle for the endpoint, base64.", { format: "byte" }),
      secretRef: objectOf("The Secret with the bearer token.", { name: text("Its name.") }, [
        "name",
      ]),
      disabledTLSValidations: listOf("TLS checks that are left out.", {
        type: "string",
        enum: ["*", "SubjectName", "ValidityPeriod"],
      }),
      proxyURL: text("An http, https or socks5 proxy."),
      connection: text(
        "How the API server is reached: Direct by its address (the default), Tunnel through the agent in the cluster.",
        { enum: ["Direct", "Tunnel"] },
      ),
      memberClient,
    },
    ["apiEndpoint", "secretRef"],
  );
  const condition = objectOf(
    "One finding.",
    {
      type: text("Ready, Offline, ConfigMalformed or Degraded."),
      status: text("True, False or Unknown."),
      lastProbeTime: time("When it was last probed."),
      lastTransitionTime: time("When the status last changed."),
      reason: text("In one word."),
      message: text("In a sentence."),
    },
    ["type", "status", "lastProbeTime"],
  );
  const status = objectOf(
    "What the last probes found.",
    {
      conditions: listOf("The findings.", condition),
      kubernetesVersion: text("The member's version."),
      zones: listOf("Its zones.", { type: "string" }),
      region: text("Its region."),
    },
    ["conditions"],
  );
  return createCrd({
    group: groups.core,
    kind: "KubeFedCluster",
    plural: "kubefedclusters",
    shortNames: ["kfc"],
    scope: "Namespaced",
    versions: [
      {
        name: "v1beta1",
        storage: true,
        status: "subresource",
        schema: rootSchema("A member cluster, or a cell of one.", { spec, status }),
        columns: [
          { name: "age", type: "date", jsonPath: ".metadata.creationTimestamp" },
          {
            name: "ready",
            type: "string",
            jsonPath: ".status.conditions[?(@.type=='Ready')].status",
          },
          { name: "kubernetes-version", type: "string", jsonPath: ".status.kubernetesVersion" },
          {
            name: "tenant",
            type: "string",
            jsonPath: ".metadata.labels.cellplane\\.io/tenant",
            priority: 1,
          },
          { name: "connection", type: "string", jsonPath: ".spec.connection", priority: 1 },
        ],
      },
    ],
  });
}

/** `KubeFedConfig`. */
export function kubeFedConfigCrd(): KubernetesObject {
  const duration = (what: string): JsonObject => text(`${what} (a Go duration).`);
  const gate = objectOf(
    "One gate.",
    { name: text("Its name."), configuration: oneOf("On or off.", switchValues) },
    ["name", "configuration"],
  );
  const spec = objectOf(
    "The settings.",
    {
      scope: oneOf("What is federated.", ["Cluster", "Namespaced"]),
      controllerDuration: objectOf("Delays.", {
        availableDelay: duration("Wait after a cluster came back"),
        unavailableDelay: duration("Wait after a cluster was lost"),
        cacheSyncTimeout: duration("How long a member's cache may take"),
      }),
      leaderElect: objectOf("Leader election.", {
        leaseDuration: duration("How long a lease lasts"),
        renewDeadline: duration("How long a leader tries to renew"),
        retryPeriod: duration("Between two tries"),
        resourceLock: text("configmaps, endpoints or leases."),
      }),
      featureGates: listOf("What is switched on and off.", gate),
      clusterHealthCheck: objectOf("Probes of members.", {
        period: duration("Between two probes"),
        failureThreshold: integer("Failures in a row until a cluster is not ready."),
        successThreshold: integer("Successes in a row until it is ready again."),
        timeout: duration("How long one probe may take"),
      }),
      syncController: objectOf("Controllers that write to members.", {
        maxConcurrentReconciles: integer("Objects of one kind at a time."),
        adoptResources: oneOf("Whether existing objects are taken over.", switchValues),
      }),
      statusController: objectOf("Controllers that read from members.", {
        maxConcurrentReconciles: integer("Objects of one kind at a time."),
      }),
      memberClient,
      revisionHistoryLimit: integer("Revisions kept of each federated object (10).", {
        minimum: 1,
      }),
    },
    ["scope"],
  );
  return createCrd({
    group: groups.core,
    kind: "KubeFedConfig",
    plural: "kubefedconfigs",
    scope: "Namespaced",
    versions: [
      {
        name: "v1beta1",
        storage: true,
        status: "none",
        schema: rootSchema("The settings of the federation.", { spec }),
        columns: [],
      },
    ],
  });
}

const apiResource = objectOf(
  "A resource of the API.",
  {
    group: text("Its group; none is the core group."),
    version: text("Its version."),
    kind: text("Its kind."),
    pluralName: text("Its plural."),
    scope: oneOf("Where its objects lie.", ["Cluster", "Namespaced"]),
  },
  ["version", "kind", "pluralName", "scope"],
);

/** `FederatedTypeConfig`. */
export function federatedTypeConfigCrd(): KubernetesObject {
  const spec = objectOf(
    "What is federated as what.",
    {
      targetType: apiResource,
      federatedType: apiResource,
      statusType: apiResource,
      propagation: oneOf("Whether members are written to.", switchValues),
      statusCollection: oneOf("Whether status is collected.", switchValues),
      propagatingAnnotations: listOf(
        "Globs of annotation keys that are propagated with the template.",
        { type: "string" },
      ),
      retainedFields: listOf("JSON pointers of fields that members own.", { type: "string" }),
      targetVersions: listOf("Further versions that may be written.", { type: "string" }),
    },
    ["targetType", "federatedType", "propagation"],
  );
  const running = ["Running", "NotRunning"];
  const status = objectOf(
    "What runs for the type.",
    {
      observedGeneration: integer("The generation that this is about."),
      propagationController: oneOf("The sync controller.", running),
      statusController: oneOf("The status controller.", running),
    },
    ["observedGeneration", "propagationController"],
  );
  return createCrd({
    group: groups.core,
    kind: "FederatedTypeConfig",
    plural: "federatedtypeconfigs",
    shortNames: ["ftc"],
    scope: "Namespaced",
    versions: [
      {
        name: "v1beta1",
        storage: true,
        status: "subresource",
        schema: rootSchema("That a kind is federated, and how.", { spec, status }),
        columns: [],
      },
    ],
  });
}

const clusterVersion = objectOf(
  "What one member was last brought to.",
  {
    clusterName: text("The KubeFedCluster."),
    version: text("Generation or resourceVersion of the member object."),
    revision: integer("The revision it was brought to."),
    hash: text("Of the rendered object."),
    contentHash: text("Of what the member stored."),
    adopted: flag("The object had existed before."),
    appliedAt: time("When it was last written."),
  },
  ["clusterName", "version"],
);

/** `PropagatedVersion` and `ClusterPropagatedVersion`. */
export function propagatedVersionCrds(): readonly KubernetesObject[] {
  const status = objectOf(
    "The ledger of one federated object.",
    {
      templateVersion: text("KubeFed's hash of the template."),
      overridesVersion: text("KubeFed's hash of the overrides."),
      clusterVersions: listOf("One entry for each member.", clusterVersion),
    },
    ["templateVersion", "overridesVersion"],
  );
  const versions = [
    {
      name: "v1alpha1",
      storage: true,
      status: "subresource",
      schema: rootSchema("Which revision each member was brought to.", { status }, []),
      columns: [],
    },
  ] as const;
  return [
    createCrd({
      group: groups.core,
      kind: "PropagatedVersion",
      plural: "propagatedversions",
      scope: "Namespaced",
      versions,
    }),
    createCrd({
      group: groups.core,
      kind: "ClusterPropagatedVersion",
      plural: "clusterpropagatedversions",
      scope: "Cluster",
      versions,
    }),
  ];
}
