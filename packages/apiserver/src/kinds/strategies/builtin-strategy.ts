import type { FieldError, JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { ResourceStrategy, StrategyContext } from "../../registry/resource.ts";
import { editMember, withMember } from "../plain/edit.ts";
import { asJson, asObject, objectAt, optionalObject, stringAt } from "../plain/plain.ts";
import { complete } from "../shape/complete.ts";
import { dropEmpty } from "../shape/drop-empty.ts";
import { subdomainName } from "../validation/names.ts";
import type { KindRules } from "./kind-rules.ts";

/** What a strategy needs to know of its resource beside the rules. */
export interface StrategyTarget {
  /** Go's type in each version: `apps.v1.Deployment` by `apps/v1`. */
  readonly types: Readonly<Record<string, string>>;
  readonly hasStatus: boolean;
}

/**
 * The strategy of a built-in resource: objects are brought into the form in which Kubernetes
 * writes them, and the kind's own rules come between.
 */
export function builtinStrategy(rules: KindRules, target: StrategyTarget): ResourceStrategy {
  return {
    tracksGeneration: rules.tracksGeneration ?? false,
    allowsUnconditionalUpdate: rules.allowsUnconditionalUpdate ?? true,
    allowsCreateOnUpdate: rules.allowsCreateOnUpdate ?? false,
    validateName: rules.validateName ?? subdomainName,
    ...(rules.warnings === undefined ? {} : { warnings: warn(rules.warnings) }),
    ...(rules.fieldValue === undefined ? {} : { fieldValue: select(rules.fieldValue) }),
    ...(rules.defaultPropagation === undefined
      ? {}
      : { defaultPropagation: rules.defaultPropagation }),
    ...(rules.deletion === undefined ? {} : { deletion: rules.deletion }),
    defaults: (object) => normalize(object, rules, target),
    prepareForCreate: (object, context) => prepareNew(object, context, { rules, target }),
    prepareForUpdate: (object, old, context) =>
      prepareChanged({ object: asJson(object), old: asJson(old) }, context, rules),
    validate: (object, context) => rules.validate?.(asJson(object), context) ?? [],
    validateUpdate: (object, old, context) =>
      validateChanged({ object: asJson(object), old: asJson(old) }, context, rules),
  };
}

interface Change {
  readonly object: JsonObject;
  readonly old: JsonObject;
}

function normalize(
  object: KubernetesObject,
  rules: KindRules,
  target: StrategyTarget,
): KubernetesObject {
  const type = target.types[object.apiVersion ?? ""] ?? "";
  const dense = dropEmpty(asJson(object), type);
  return asObject(complete(rules.defaults?.(dense) ?? dense, type));
}

/** A new object has no status but the initial one, whatever the client says. */
function prepareNew(
  object: KubernetesObject,
  context: StrategyContext,
  of: { readonly rules: KindRules; readonly target: StrategyTarget },
): KubernetesObject {
  const { rules, target } = of;
  const json = asJson(object);
  const prepared = rules.prepareForCreate?.(json, context) ?? json;
  if (!target.hasStatus) return asObject(prepared);
  const type = target.types[object.apiVersion ?? ""] ?? "";
  const initial = rules.initialStatus?.(prepared, context) ?? {};
  const zero = optionalObject(complete({ status: initial }, type), "status");
  return asObject(withMember(prepared, "status", zero ?? initial));
}

function prepareChanged(
  { object, old }: Change,
  context: StrategyContext,
  rules: KindRules,
): KubernetesObject {
  if (context.subresource !== "status") {
    return asObject(rules.prepareForUpdate?.(object, old, context) ?? object);
  }
  if (rules.statusKeepsLabels !== true) return asObject(object);
  const labels = optionalObject(old, "metadata", "labels");
  return asObject(
    editMember(object, "metadata", (metadata) => withMember(metadata, "labels", labels)),
  );
}

function validateChanged(
  { object, old }: Change,
  context: StrategyContext,
  rules: KindRules,
): readonly FieldError[] {
  if (context.subresource === "status") return rules.validateStatus?.(object) ?? [];
  // An object that is on its way out only loses finalizers.
  if (stringAt(objectAt(object, "metadata"), "deletionTimestamp") !== "") return [];
  return [
    ...(rules.validate?.(object, context) ?? []),
    ...(rules.validateUpdate?.(object, old, context) ?? []),
  ];
}

function warn(
  warnings: NonNullable<KindRules["warnings"]>,
): NonNullable<ResourceStrategy["warnings"]> {
  return (object, old) => warnings(asJson(object), old && asJson(old));
}

function select(
  fieldValue: NonNullable<KindRules["fieldValue"]>,
): NonNullable<ResourceStrategy["fieldValue"]> {
  return (object, field) => fieldValue(asJson(object), field);
}
