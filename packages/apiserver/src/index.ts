export type { AdmissionPlugin, AdmissionRequest } from "./admission/admission.ts";
export type {
  Authenticator,
  Credentials,
  TokenAuthenticator,
  TokenVerdict,
} from "./authn/authenticator.ts";
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
export type {
  ApiResponse,
  ResponseSink,
  StreamedBody,
  UpgradedBody,
} from "./request/api-response.ts";
export type { AuthorizedRequest } from "./request/incoming-request.ts";
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
export {
  ensurePki,
  ensureServingCertificate,
  issueClientCertificate,
  signClientCertificate,
  type Pki,
  type PkiOptions,
  type ServingCertificate,
} from "./pki/ensure-pki.ts";
export type { CertificateAndKey } from "@cellplane/x509";
export { type KubeconfigOptions, renderKubeconfig, writeKubeconfig } from "./pki/kubeconfig.ts";
export { parseServiceAccountKey, type ServiceAccountKey } from "./pki/service-account-key.ts";
export { createTokenFileAuthenticator, parseTokenFile } from "./authn/token-file.ts";
export {
  createTokenUnion,
  createUnionAuthenticator,
  type UnionOptions,
} from "./authn/union-authenticator.ts";
export { forbiddenRequest } from "./authz/forbidden-request.ts";
export { createRbacAuthorizer } from "./authz/rbac-authorizer.ts";
export { RbacIndex } from "./authz/rbac-index.ts";
export { createResourceRegistry } from "./registry/create-resource-registry.ts";
export { ensureServiceAccountKey } from "./pki/service-account-key.ts";
export { createIssuerDocumentsHandler } from "./authn/issuer-documents.ts";
export {
  createSelfSubjectReviewHandler,
  createTokenReviewHandler,
  type TokenReviewOptions,
} from "./authn/review-handlers.ts";
export {
  openServiceAccountAuthenticator,
  type ServiceAccountAuthenticator,
  type ServiceAccountAuthenticatorOptions,
} from "./authn/service-account-authenticator.ts";
export { createTokenRequestHandler, type TokenRequestOptions } from "./authn/token-request.ts";
export { judgeCertificate } from "./authn/client-certificate.ts";
export { renderUserInfo } from "./authn/user-info.ts";
export { createAccessReviewHandler } from "./authz/access-review.ts";
export type { ReviewKind } from "./authz/access-review-validation.ts";
export { ensureBootstrapPolicy } from "./authz/ensure-bootstrap-policy.ts";
export { createEscalationPlugin, type EscalationOptions } from "./authz/escalation-plugin.ts";
export { createImpersonationResolver, type ImpersonationResolver } from "./authz/impersonation.ts";
export { createRulesReviewHandler } from "./authz/rules-review.ts";
export { type AuditLogOptions, openAuditLog } from "./audit/audit-log.ts";
export {
  runTokenSecretController,
  type TokenSecretControllerOptions,
} from "./authn/token-secret-controller.ts";
export {
  createOpenApiHandler,
  type OpenApiDependencies,
} from "./discovery/open-api/open-api-handler.ts";
export { type ConversionOptions, conversionOfCrd } from "./crds/conversion/conversion-of-crd.ts";
export {
  createWebhookCaller,
  type ServiceAddress,
  type WebhookCaller,
  type WebhookClientOptions,
} from "./crds/conversion/webhook-client.ts";
export {
  type CrdController,
  type CrdControllerDependencies,
  openCrdController,
} from "./crds/crd-controller.ts";
export {
  createCrdResource,
  findBuiltinDefinition,
  findBuiltinSchema,
} from "./crds/crd-resource.ts";
export { crdResource, type CustomResourceDefinition } from "./crds/custom-resource-definition.ts";
export {
  builtinResourceDefinitions,
  type BuiltinResourceOptions,
} from "./kinds/builtin-resources.ts";
export type { HandlersByPath } from "./kinds/subresources/builtin-handlers.ts";
export { builtinAdmission, type BuiltinAdmission } from "./kinds/admission/builtin-admission.ts";
export type { ServiceAllocationOptions } from "./kinds/admission/service-allocation.ts";
export {
  type AccessControl,
  type AccessControlOptions,
  createAccessControl,
} from "./authn/access-control.ts";
export {
  type BootstrapOptions,
  ensureBootstrapObjects,
} from "./kinds/bootstrap/ensure-bootstrap-objects.ts";
export {
  type ApiServer,
  type ApiServerCore,
  type ApiServerOptions,
  createApiServer,
  openApiServerCore,
} from "./server/create-api-server.ts";
export type { LocalAnswer, LocalEntry, LocalRequest } from "./server/local-entry.ts";
export {
  openWaitingServer,
  type WaitingServer,
  type WaitingServerOptions,
} from "./server/open-waiting-server.ts";
export type { TlsOptions } from "./node/listener.ts";
export {
  StoreMonitor,
  type StoreMonitorEvents,
  type StoreMonitorOptions,
} from "./storage/store-monitor.ts";
export { ConfigurationError } from "./encryption/configuration/configuration-error.ts";
export {
  createEncryptionHandler,
  encryptionPath,
  type EncryptionReport,
} from "./encryption/encryption-handler.ts";
export { isKeyServiceAway } from "./encryption/key-service-away.ts";
export { ReloadLoop } from "./encryption/reload-loop.ts";
export {
  Encryption,
  type EncryptionEvents,
  type EncryptionOptions,
} from "./encryption/encryption.ts";
export type { ValueTransformer } from "./storage/value-transformer.ts";
export { isDatabaseUnavailable } from "./pipeline/to-status-error.ts";
export type { Impersonation } from "./pipeline/impersonate.ts";
export { ensureAuthenticationConfig } from "./authn/ensure-authentication-config.ts";
export { loadBuiltinDefinitions } from "./kinds/table/builtin-definitions.ts";
export { openWebhookAdmission, type WebhookAdmission } from "./webhooks/webhook-admission.ts";
