export { etcdVersion } from "./context/etcd-context.ts";
export { createEtcdServer, type EtcdServerOptions } from "./server/create-etcd-server.ts";
