import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { type FieldError, type KubernetesObject, parseGroupVersion } from "@cellplane/apimachinery";
import type { ResourceDefinition, StrategyContext } from "../../registry/resource.ts";
import { builtinResourceDefinitions } from "../builtin-resources.ts";
import { stringAt } from "../plain/plain.ts";

const definitions = builtinResourceDefinitions();
const context: StrategyContext = {
  user: { username: "u", groups: [] },
  version: "v1",
  subresource: "",
  nowMs: 0,
};
const labelRule =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

type Sent = Omit<KubernetesObject, "metadata">;

function definitionOf(object: Sent): ResourceDefinition {
  const { group } = parseGroupVersion(stringAt(object, "apiVersion")) ?? { group: "" };
  const found = definitions.find((each) => each.group === group && each.kind === object["kind"]);
  if (!found) throw new Error("Cannot find the kind");
  return found;
}

function made(sent: Sent): KubernetesObject {
  const { strategy } = definitionOf(sent);
  const object = { metadata: { name: "x", namespace: "n", uid: "u" }, ...sent };
  const defaulted = strategy.defaults?.(object) ?? object;
  return strategy.prepareForCreate?.(defaulted, context) ?? defaulted;
}

function creating(sent: Sent): readonly string[] {
  return texts(definitionOf(sent).strategy.validate?.(made(sent), context));
}

function updating(old: Sent, next: Sent): readonly string[] {
  const { strategy } = definitionOf(old);
  const before = made(old);
  const after = strategy.prepareForUpdate?.(made(next), before, context) ?? made(next);
  return texts(strategy.validateUpdate?.(after, before, context));
}

function texts(errors: readonly FieldError[] | undefined): readonly string[] {
  return (errors ?? []).map(({ field, message }) => `${field}: ${message}`);
}

const template = {
  metadata: { labels: { a: "b" } },
  spec: { containers: [{ name: "c", image: "i" }] },
};
const selector = { matchLabels: { a: "b" } };

describe("the rules of workloads", () => {
  const deployment = { apiVersion: "apps/v1", kind: "Deployment" };

  it("tells everything that is wrong with a Deployment, in Kubernetes' order", () => {
    const spec = {
      replicas: -1,
      selector: { matchLabels: { other: "x" } },
      template: {
        metadata: { labels: { app: "d" } },
        spec: {
          containers: [
            { name: "Bad_Name", image: "", ports: [{ containerPort: 0 }] },
            { name: "dup", image: "x" },
            { name: "dup", image: "x", imagePullPolicy: "Sometimes" },
          ],
          restartPolicy: "Never",
        },
      },
      strategy: { type: "Recreate", rollingUpdate: { maxSurge: 1 } },
    };
    deepEqual(creating({ ...deployment, spec }), [
      "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
      'spec.template.metadata.labels: Invalid value: {"app":"d"}: `selector` does not match template `labels`',
      `spec.template.spec.containers[0].name: Invalid value: "Bad_Name": ${labelRule}`,
      "spec.template.spec.containers[0].image: Required value",
      "spec.template.spec.containers[0].ports[0].containerPort: Required value",
      'spec.template.spec.containers[2].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
      'spec.template.spec.containers[2].name: Duplicate value: "dup"',
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
      "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ]);
  });

  it("asks an empty Deployment for selector and containers", () => {
    deepEqual(creating(deployment), [
      "spec.selector: Required value",
      "spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`",
      "spec.template.spec.containers: Required value",
    ]);
  });

  it("keeps the selector of a Deployment", () => {
    const other = { matchLabels: { a: "b" }, matchExpressions: [{ key: "a", operator: "Exists" }] };
    deepEqual(
      updating(
        { ...deployment, spec: { selector, template } },
        { ...deployment, spec: { selector: other, template } },
      ),
      [
        'spec.selector: Invalid value: {"matchLabels":{"a":"b"},"matchExpressions":[{"key":"a","operator":"Exists"}]}: field is immutable',
      ],
    );
  });

  it("lets few fields of a StatefulSet change", () => {
    const set = { apiVersion: "apps/v1", kind: "StatefulSet" };
    const spec = { selector, template, serviceName: "s" };
    deepEqual(updating({ ...set, spec }, { ...set, spec: { ...spec, replicas: 3 } }), []);
    deepEqual(updating({ ...set, spec }, { ...set, spec: { ...spec, serviceName: "t" } }), [
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ]);
  });

  it("wants a Job to end", () => {
    deepEqual(creating({ apiVersion: "batch/v1", kind: "Job", spec: { template } }), [
      'spec.template.spec.restartPolicy: Unsupported value: "Always": supported values: "OnFailure", "Never"',
    ]);
  });

  it("reads the schedule of a CronJob", () => {
    const jobTemplate = {
      spec: { template: { spec: { ...template.spec, restartPolicy: "Never" } } },
    };
    const cron = (schedule: string, timeZone?: string): readonly string[] =>
      creating({
        apiVersion: "batch/v1",
        kind: "CronJob",
        spec: { schedule, jobTemplate, ...(timeZone === undefined ? {} : { timeZone }) },
      });
    deepEqual(cron("*/5 0-6 1,15 jan-mar sun"), []);
    deepEqual(cron("@daily", "Europe/Berlin"), []);
    deepEqual(cron("x"), [
      'spec.schedule: Invalid value: "x": expected exactly 5 fields, found 1: [x]',
    ]);
    deepEqual(cron("61 * * * *"), [
      'spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61',
    ]);
    deepEqual(cron("* * * * *", "Mars/Base"), [
      'spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base',
    ]);
  });
});

describe("the rules of Pods", () => {
  const pod = (spec: Sent): Sent => ({ apiVersion: "v1", kind: "Pod", spec: { ...spec } });
  const container = { name: "c", image: "i" };

  it("checks volumes, mounts and probes", () => {
    const spec = {
      volumes: [{ name: "v", emptyDir: {}, hostPath: { path: "/x" } }],
      containers: [
        {
          ...container,
          volumeMounts: [{ name: "w", mountPath: "/w" }],
          livenessProbe: { successThreshold: 2, httpGet: { port: 0 } },
          resources: { limits: { cpu: "1" }, requests: { cpu: "2" } },
        },
      ],
    };
    deepEqual(creating(pod(spec)), [
      "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type",
      'spec.containers[0].volumeMounts[0].name: Not found: "w"',
      'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
      "spec.containers[0].livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive",
      "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
    ]);
  });

  it("lets images change, and neither containers nor the node", () => {
    const old = pod({ containers: [container] });
    deepEqual(updating(old, pod({ containers: [{ ...container, image: "j" }] })), []);
    deepEqual(updating(old, pod({ containers: [container, { name: "d", image: "i" }] })), [
      "spec.containers: Forbidden: pod updates may not add or remove containers",
    ]);
    equal(updating(old, pod({ containers: [container], nodeName: "n" })).length, 1);
  });
});

describe("the rules of Services", () => {
  const service = (spec: Sent): Sent => ({ apiVersion: "v1", kind: "Service", spec: { ...spec } });

  it("tells everything that is wrong with the ports", () => {
    const spec = {
      type: "Bogus",
      ports: [{ port: 0 }, { name: "x", port: 70_000, protocol: "ICMP" }],
    };
    deepEqual(creating(service(spec)), [
      "spec.ports[0].name: Required value",
      "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
      "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive",
      "spec.ports[1].port: Invalid value: 70000: must be between 1 and 65535, inclusive",
      'spec.ports[1].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
      "spec.ports[1].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
      'spec.type: Unsupported value: "Bogus": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ]);
  });

  it("asks for ports unless the Service is headless or external", () => {
    deepEqual(creating(service({})), ["spec.ports: Required value"]);
    deepEqual(creating(service({ clusterIP: "None" })), []);
    deepEqual(creating(service({ type: "ExternalName", externalName: "a.example.com" })), []);
    deepEqual(creating(service({ type: "ExternalName" })), ["spec.externalName: Required value"]);
  });

  it("keeps the address", () => {
    const at = (clusterIP: string): Sent => service({ clusterIP, ports: [{ port: 1 }] });
    deepEqual(updating(at("10.96.0.1"), at("10.96.0.2")), [
      'spec.clusterIPs[0]: Invalid value: ["10.96.0.2"]: may not change once set',
    ]);
  });
});

describe("the rules of ConfigMaps and Secrets", () => {
  const map = { apiVersion: "v1", kind: "ConfigMap" };
  const secret = { apiVersion: "v1", kind: "Secret" };

  it("checks keys and refuses those that are there twice", () => {
    deepEqual(creating({ ...map, data: { "..": "y" } }), [
      "data[..]: Invalid value: \"..\": must not be '..'",
    ]);
    deepEqual(creating({ ...map, data: { dup: "x" }, binaryData: { dup: "AAEC" } }), [
      'data[dup]: Invalid value: "dup": duplicate of key present in binaryData',
    ]);
  });

  it("refuses more than a MiB", () => {
    deepEqual(creating({ ...map, data: { a: "x".repeat(1_048_577) } }), [
      ": Too long: may not be more than 1048576 bytes",
    ]);
  });

  it("freezes what is immutable", () => {
    const old = { ...map, data: { k: "1" }, immutable: true };
    const rule = "Forbidden: field is immutable when `immutable` is set";
    deepEqual(updating(old, { ...old, data: { k: "2" } }), [`data: ${rule}`]);
    deepEqual(updating(old, { ...old, immutable: false }), [`immutable: ${rule}`]);
  });

  it("asks a Secret for what its type needs", () => {
    deepEqual(creating({ ...secret, type: "kubernetes.io/tls" }), [
      "data[tls.crt]: Required value",
      "data[tls.key]: Required value",
    ]);
    deepEqual(creating({ ...secret, type: "kubernetes.io/service-account-token" }), [
      "metadata.annotations[kubernetes.io/service-account.name]: Required value",
    ]);
    deepEqual(updating(secret, { ...secret, type: "other" }), [
      'type: Invalid value: "other": field is immutable',
    ]);
  });
});

describe("the rules of RBAC", () => {
  const rbac = (kind: string): Sent => ({ apiVersion: "rbac.authorization.k8s.io/v1", kind });

  it("checks the rules of a Role", () => {
    const rules = [
      { apiGroups: [""], resources: ["pods"], verbs: [] },
      { nonResourceURLs: ["/x"], verbs: ["get"] },
      { verbs: ["get"], resources: ["x"] },
    ];
    deepEqual(creating({ ...rbac("Role"), rules }), [
      "rules[0].verbs: Required value: verbs must contain at least one value",
      'rules[1].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
      "rules[2].apiGroups: Required value: resource rules must supply at least one api group",
    ]);
  });

  it("checks roleRef and subjects, and keeps the former", () => {
    const subjects = [
      { kind: "ServiceAccount", name: "s" },
      { kind: "Bad", name: "" },
    ];
    deepEqual(creating({ ...rbac("RoleBinding"), roleRef: { kind: "Nope", name: "" }, subjects }), [
      'roleRef.kind: Unsupported value: "Nope": supported values: "Role", "ClusterRole"',
      "roleRef.name: Required value",
      "subjects[1].name: Required value",
      'subjects[1].kind: Unsupported value: "Bad": supported values: "ServiceAccount", "User", "Group"',
    ]);
    const to = (name: string): Sent => ({
      ...rbac("RoleBinding"),
      roleRef: { kind: "Role", name },
    });
    deepEqual(updating(to("r"), to("other")), [
      'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"other"}: cannot change roleRef',
    ]);
  });
});

describe("the rules of other kinds", () => {
  it("checks Leases, budgets, autoscalers and Ingresses", () => {
    deepEqual(
      creating({
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        spec: { leaseDurationSeconds: 0, leaseTransitions: -1 },
      }),
      [
        "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
        "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
      ],
    );
    deepEqual(
      creating({
        apiVersion: "policy/v1",
        kind: "PodDisruptionBudget",
        spec: { minAvailable: 1, maxUnavailable: 1, selector },
      }).map((text) => text.replace(/\{.*\}/, "{…}")),
      ["spec: Invalid value: {…}: minAvailable and maxUnavailable cannot be both set"],
    );
    deepEqual(
      creating({
        apiVersion: "networking.k8s.io/v1",
        kind: "Ingress",
        spec: { rules: [{ http: { paths: [{ path: "x", backend: {} }] } }] },
      }),
      [
        "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified",
        "spec.rules[0].http.paths[0].backend: Required value: must specify a resource or service backend",
      ],
    );
    deepEqual(
      creating({
        apiVersion: "autoscaling/v2",
        kind: "HorizontalPodAutoscaler",
        spec: { minReplicas: 2, maxReplicas: 1, scaleTargetRef: { kind: "Deployment", name: "d" } },
      }),
      ["spec.maxReplicas: Invalid value: 1: must be greater than or equal to `minReplicas`"],
    );
  });

  it("wants an Event beside its object", () => {
    const event = (namespace: string): Sent => ({
      apiVersion: "v1",
      kind: "Event",
      involvedObject: { kind: "Pod", name: "p", namespace },
    });
    deepEqual(creating(event("n")), []);
    deepEqual(creating(event("m")), [
      'involvedObject.namespace: Invalid value: "m": does not match event.namespace',
    ]);
  });

  it("checks names by kind", () => {
    const nameRule = (
      apiVersion: string,
      kind: string,
    ): ResourceDefinition["strategy"]["validateName"] =>
      definitionOf({ apiVersion, kind }).strategy.validateName;
    equal(nameRule("v1", "Namespace")("a.b", false), "must not contain dots");
    equal(nameRule("v1", "ConfigMap")("a.b", false), undefined);
    equal(nameRule("v1", "ConfigMap")("a-", true), undefined);
    equal(nameRule("v1", "Service")("UPPER", false), labelRule);
    equal(nameRule("rbac.authorization.k8s.io/v1", "Role")("system:x", false), undefined);
    equal(nameRule("rbac.authorization.k8s.io/v1", "Role")("a%b", false), "may not contain '%'");
    equal(nameRule("rbac.authorization.k8s.io/v1", "Role")("..", false), "may not be '..'");
  });
});
