export { etcdVersion } from "./context/etcd-context.ts";
export { createEtcdServer, type EtcdServerOptions } from "./server/create-etcd-server.ts";
export { isSnapshot, type OpenedSnapshot, openSnapshot } from "./snapshot/open-snapshot.ts";
