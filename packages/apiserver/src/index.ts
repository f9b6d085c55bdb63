export type { AdmissionPlugin, AdmissionRequest } from "./admission/admission.ts";
export type { Authenticator, Credentials } from "./authn/authenticator.ts";
export type {
  AuthorizationAttributes,
  AuthorizationDecision,
  Authorizer,
} from "./authz/authorizer.ts";
export type { RequestInfo, Verb } from "./request/request-info.ts";
export { anonymousUser, type UserInfo } from "./request/user.ts";
export type { ObjectAccess, ObjectListener, ObjectScope } from "./registry/object-access.ts";
export type {
  HandlerRequest,
  ObjectConverter,
  ObjectHandler,
  PublishedSchema,
  ResourceConversion,
  ResourceDefinition,
  ResourceStrategy,
  ResourceVersion,
  ScalePaths,
  StrategyContext,
  SubresourceDefinition,
  SyncConverter,
  TableColumn,
  TablePrinter,
} from "./registry/resource.ts";
export type { ResourceRegistry, ServedResource } from "./registry/resource-registry.ts";
export type { HttpHandler, HttpRequest, HttpResponse } from "./request/http-handler.ts";
export type { Logger } from "./request/logger.ts";
export type { AuditRecord, AuditSink, AuditStage } from "./audit/audit-sink.ts";
export { createDiscoveryHandler } from "./discovery/discovery-handler.ts";
export {
  createHealthHandler,
  type HealthCheck,
  type HealthDependencies,
  type HealthEndpoint,
} from "./discovery/health-handler.ts";
export { createRootHandler } from "./discovery/root-handler.ts";
export { createStartupChecks } from "./discovery/startup-checks.ts";
export {
  computeVersionInfo,
  createVersionHandler,
  kubernetesVersion,
  type VersionInfo,
} from "./discovery/version-handler.ts";
