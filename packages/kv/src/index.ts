export type {
  Compare,
  Key,
  KeyRange,
  KeyValue,
  Lease,
  LeaseState,
  LeaseStore,
  MvccStore,
  Operation,
  OperationResult,
  RangeRequest,
  RangeResult,
  Revision,
  StoreStatus,
  TxnRequest,
  TxnResult,
  Watch,
  WatchBatch,
  WatchEvent,
  WatchListener,
  WatchRequest,
} from "./store/mvcc-store.ts";
export {
  CompactedError,
  FutureRevisionError,
  InvalidRequestError,
  type InvalidRequestReason,
  KvError,
  LockedError,
  NoSpaceError,
  OutcomeUnknownError,
  RevisionsLostError,
  UnavailableError,
} from "./store/kv-error.ts";
export type { EngineOptions } from "./watch/log-mvcc-store.ts";
export { maxLeaseSeconds, minLeaseSeconds } from "./store/lease-book.ts";
export type { LeaseClock } from "./watch/lease-keeper.ts";
export type { RingLimits } from "./watch/change-ring.ts";
export { openMemoryStore } from "./memory/open-memory-store.ts";
export { openSqliteStore, type SqliteStoreOptions } from "./sql/sqlite/open-sqlite-store.ts";
export { lockDirectory } from "./sql/sqlite/directory-lock.ts";
export { openMysqlStore, type MysqlStoreOptions } from "./mysql/open-mysql-store.ts";
export { acceptMysqlLoss } from "./mysql/accept-mysql-loss.ts";
export type { AcceptedLoss } from "./store/accepted-loss.ts";
export { openEtcdStore, type EtcdStoreOptions } from "./etcd/open-etcd-store.ts";
export { type EtcdTarget, type EtcdTls, parseEtcdUrl, redactEtcdUrl } from "./etcd/etcd-url.ts";
export {
  type MysqlTarget,
  type MysqlTls,
  parseMysqlUrl,
  passwordVariable,
  redactMysqlUrl,
} from "./mysql/mysql-url.ts";
