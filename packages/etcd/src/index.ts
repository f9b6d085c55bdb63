export { etcdVersion } from "./etcd-context.ts";
export { createEtcdServer, type EtcdServerOptions } from "./server/create-etcd-server.ts";
