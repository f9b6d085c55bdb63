import type { JsonObject } from "@cellplane/apimachinery";
import { type Edit, editAll, editMember, editOrCreate, withDefaults } from "../plain/edit.ts";
import { stringAt, valuesAt } from "../plain/plain.ts";

/** The annotation in which autoscaling/v1 keeps the metrics that it has no field for. */
export const metricsAnnotation = "autoscaling.alpha.kubernetes.io/metrics";

/** The CPU utilization in percent that is aimed at where nothing else is said. */
const defaultCpuPercent = 80;

const cpuMetric: JsonObject = {
  type: "Resource",
  resource: {
    name: "cpu",
    target: { type: "Utilization", averageUtilization: defaultCpuPercent },
  },
};
const percentPolicy: JsonObject = { type: "Percent", value: 100, periodSeconds: 15 };
const podsPolicy: JsonObject = { type: "Pods", value: 4, periodSeconds: 15 };

/** autoscaling HorizontalPodAutoscaler, v1 or v2 by its `apiVersion`. */
export const defaultAutoscaler: Edit = (autoscaler) =>
  stringAt(autoscaler, "apiVersion") === "autoscaling/v1"
    ? defaultV1(autoscaler)
    : editOrCreate(autoscaler, "spec", defaultV2Spec);

function defaultV1(autoscaler: JsonObject): JsonObject {
  const hasMetrics = stringAt(autoscaler, "metadata", "annotations", metricsAnnotation) !== "";
  return editOrCreate(autoscaler, "spec", (spec) =>
    withDefaults(spec, {
      minReplicas: 1,
      ...(hasMetrics ? {} : { targetCPUUtilizationPercentage: defaultCpuPercent }),
    }),
  );
}

function defaultV2Spec(spec: JsonObject): JsonObject {
  const measured = valuesAt(spec, "metrics").length > 0 ? {} : { metrics: [cpuMetric] };
  return editMember(
    { ...withDefaults(spec, { minReplicas: 1 }), ...measured },
    "behavior",
    (behavior) =>
      editAll(
        behavior,
        (each) =>
          editOrCreate(each, "scaleUp", (rules) =>
            defaultRules(withDefaults(rules, { stabilizationWindowSeconds: 0 }), [
              podsPolicy,
              percentPolicy,
            ]),
          ),
        (each) => editOrCreate(each, "scaleDown", (rules) => defaultRules(rules, [percentPolicy])),
      ),
  );
}

function defaultRules(rules: JsonObject, policies: readonly JsonObject[]): JsonObject {
  const given = valuesAt(rules, "policies").length > 0;
  return { ...withDefaults(rules, { selectPolicy: "Max" }), ...(given ? {} : { policies }) };
}
