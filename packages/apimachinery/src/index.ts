export { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "./meta/json-value.ts";
export type {
  KubernetesList,
  KubernetesObject,
  ManagedFieldsEntry,
  ObjectMeta,
  OwnerReference,
} from "./meta/kubernetes-object.ts";
export {
  formatGroupResource,
  formatGroupVersion,
  parseGroupVersion,
  type GroupResource,
  type GroupVersionKind,
  type GroupVersionResource,
} from "./meta/group-version.ts";
export { parseJson, stringifyJson } from "./codec/json.ts";
export { decodeBase64, encodeBase64 } from "./codec/base64.ts";
export { decodeProtobuf } from "./codec/decode-protobuf.ts";
export { encodeProtobuf } from "./codec/encode-protobuf.ts";
export { isProtobufEnvelope } from "./codec/protobuf-envelope.ts";
export {
  ProtobufError,
  type ProtobufField,
  type ProtobufInline,
  type ProtobufMessage,
  type ProtobufMessages,
  type ProtobufType,
} from "./codec/protobuf-message.ts";
export { parseYaml, parseYamlDocuments, stringifyYaml } from "./codec/yaml.ts";
export {
  isStatus,
  statusCodes,
  StatusError,
  type StatusCause,
  type StatusDetails,
  type StatusErrorOptions,
  type StatusReason,
} from "./status/status-error.ts";
export {
  duplicate,
  type FieldError,
  forbiddenField,
  formatValue,
  invalid,
  notFoundField,
  notSupported,
  required,
  toCause,
  tooLong,
  tooMany,
  typeInvalid,
} from "./status/field-error.ts";
export {
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  invalidObject,
  methodNotAllowed,
  type NamedResource,
  notFound,
  unknownResource,
} from "./status/status-errors.ts";
export type { ListType, SchemaNode } from "./schema/schema-node.ts";
export {
  compileCustomResourceSchema,
  compileSchema,
  createSchemaCompiler,
  type ResolveReference,
} from "./schema/compile-schema.ts";
export { pruneUnknown } from "./schema/prune.ts";
export { findDuplicateFields } from "./codec/duplicate-fields.ts";
export { findStrictProblems } from "./schema/strict-problems.ts";
export { findUnknownFields } from "./schema/unknown-fields.ts";
export { applyDefaults } from "./schema/defaults.ts";
export { validateValue, validateValueUpdate } from "./schema/validate-value.ts";
export { describeMetadataMismatch, describeTypeMismatch } from "./schema/decode-typed.ts";
export { hasFormat } from "./schema/formats.ts";
export { findPatternProblem } from "./schema/pattern.ts";
export {
  type ObjectMetaRules,
  validateAnnotations,
  validateFinalizers,
  validateLabels,
  validateObjectMeta,
  validateOwnerReferences,
} from "./schema/validate-object-meta.ts";
export {
  dns1035LabelErrors,
  dns1123LabelErrors,
  dns1123SubdomainErrors,
  labelValueErrors,
  qualifiedNameErrors,
  validateDns1035Label,
  validateDns1123Label,
  validateDns1123Subdomain,
  validateLabelValue,
  validatePathSegmentName,
  validateQualifiedName,
} from "./meta/name-rules.ts";
export { isJsonEqual } from "./meta/json-equal.ts";
export { applyJsonPatch, decodeJsonPatch, findUnknownJsonPatchFields } from "./patch/json-patch.ts";
export {
  type JsonPatchOperation,
  type JsonPatchOptions,
  type JsonPatchOutcome,
  runJsonPatch,
} from "./patch/run-json-patch.ts";
export { applyMergePatch, createMergePatch } from "./patch/merge-patch.ts";
export { createThreeWayMergePatch, type ThreeWayInput } from "./patch/three-way.ts";
export { compareFields, type FieldComparison } from "./apply/compare-fields.ts";
export { collectFields } from "./apply/collect-fields.ts";
export { createEmptyObject } from "./apply/empty-object.ts";
export {
  differenceFields,
  type FieldSet,
  fieldSetOf,
  intersectFields,
  isEmptyFieldSet,
  noFields,
  recursiveDifferenceFields,
  unionFields,
} from "./apply/field-set.ts";
export {
  hasFieldPath,
  listFieldPaths,
  parseFieldsV1,
  sortFieldSet,
} from "./apply/field-set-codec.ts";
export { FieldType } from "./apply/field-type.ts";
export { formatFieldPath } from "./apply/path-element.ts";
export type { ConvertVersion, VersionContext, VersionedObject } from "./apply/object-versions.ts";
export {
  updateManagedFields,
  type UpdateManagedFieldsInput,
} from "./apply/update-managed-fields.ts";
export type { ApplyConflict } from "./apply/apply-conflict.ts";
export {
  applyConflictError,
  type ApplyOutcome,
  applyServerSide,
  type ApplyServerSideInput,
} from "./apply/apply-server-side.ts";
export { applyStrategicMergePatch } from "./patch/strategic-merge-patch.ts";
export {
  type LabelSelector,
  labelSelectorFromObject,
  parseLabelSelector,
  selectsNothing,
} from "./selector/label-selector.ts";
export type { LabelOperator, LabelRequirement } from "./selector/label-requirement.ts";
export {
  type FieldRequirement,
  type FieldSelector,
  parseFieldSelector,
} from "./selector/field-selector.ts";
export { SelectorError } from "./selector/selector-error.ts";
export { compileJsonPath, type JsonPath } from "./jsonpath/compile-json-path.ts";
export { JsonPathError } from "./jsonpath/json-path-step.ts";
export { formatGoValue } from "./patch/format-go-value.ts";
export { describeGoJsonType } from "./patch/go-json-type.ts";
export { createJsonPatch } from "./patch/create-json-patch.ts";
