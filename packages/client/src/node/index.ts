export type { ConnectionSettings, TokenSource } from "./credentials.ts";
export { dialThroughProxy, type ProxyTarget } from "./dial-proxy.ts";
export { createHttpTransport } from "./http-transport.ts";
export {
  type KubeconfigChoice,
  type KubeconfigContext,
  type KubeconfigEntries,
  KubeconfigError,
  loadKubeconfig,
  readKubeconfigEntries,
} from "./kubeconfig.ts";
export { fileToken } from "./token-sources.ts";
export { connectRestClient } from "./connect-rest-client.ts";
export { createHttpConnections, type HttpConnections } from "./http-connections.ts";
