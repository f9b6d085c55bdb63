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
  findLostRevisions,
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
export { ForwardingStore, type ForwardingTarget } from "./store/forwarding-store.ts";
export type { EngineOptions } from "./watch/log-mvcc-store.ts";
export { maxLeaseSeconds, minLeaseSeconds } from "./store/lease-book.ts";
export type { LeaseClock } from "./watch/lease-terms.ts";
export type { RingLimits } from "./watch/change-ring.ts";
export { openMemoryStore } from "./memory/open-memory-store.ts";
export { openSqliteStore, type SqliteStoreOptions } from "./sql/sqlite/open-sqlite-store.ts";
export { lockDirectory } from "./sql/sqlite/directory-lock.ts";
export { openMysqlStore, type MysqlStoreOptions } from "./mysql/open-mysql-store.ts";
export { acceptMysqlLoss } from "./mysql/accept-mysql-loss.ts";
export type { AcceptedLoss } from "./store/accepted-loss.ts";
export {
  acceptEtcdLoss,
  type AcceptedEtcdLoss,
  type AcceptEtcdLossOptions,
} from "./etcd/accept-etcd-loss.ts";
export { LeaseIds } from "./etcd/lease-ids.ts";
export { openEtcdStore, type EtcdStoreOptions } from "./etcd/open-etcd-store.ts";
export { rememberedEtcdRevision } from "./etcd/head-guard.ts";
export { type EtcdTarget, type EtcdTls, parseEtcdUrl, redactEtcdUrl } from "./etcd/etcd-url.ts";
export {
  type MysqlTarget,
  parseMysqlUrl,
  passwordVariable,
  redactMysqlUrl,
} from "./mysql/mysql-url.ts";
export type { MysqlTls, TlsVerification } from "./mysql/mysql-tls.ts";
export type {
  ImageHeader,
  ImagePart,
  RestoreOptions,
  RestoreOutcome,
  RestoreTarget,
  StoreImage,
  WhenNotEmpty,
} from "./store/store-image.ts";
export type { StoreDescription } from "./store/store-description.ts";
export { TargetNotEmptyError } from "./store/target-not-empty-error.ts";
export { type Finding, printKey, type VerifyReport } from "./store/verify-report.ts";
export type { VerifyProgress } from "./store/verify-rows.ts";
export { readImageIntoMemory, type RestoredMemory } from "./memory/memory-restore.ts";
export { acceptSqliteLoss } from "./sql/sqlite/accept-sqlite-loss.ts";
export { describeSqlite } from "./sql/sqlite/describe-sqlite.ts";
export { restoreSqlite, type SqliteRestoreOptions } from "./sql/sqlite/sqlite-restore.ts";
export { verifySqlite } from "./sql/sqlite/sqlite-verify.ts";
export { describeMysql } from "./mysql/describe-mysql.ts";
export { rememberedRevision } from "./mysql/head-memory.ts";
export { restoreMysql } from "./mysql/mysql-restore.ts";
export { verifyMysql } from "./mysql/mysql-verify.ts";
export { ArchiveError } from "./archive/archive-error.ts";
export type { BackupSummary } from "./archive/backup-format.ts";
export { digestStore, type StoreDigest } from "./archive/digest-store.ts";
export { type FollowProgress, type FollowRequest, followStore } from "./archive/follow-store.ts";
export { checkBackup, openBackup } from "./archive/read-backup.ts";
export { replayEvents, type ReplayRequest } from "./archive/replay-events.ts";
export { refuseUnfinishedRestore, restoreThroughStore } from "./archive/restore-through-store.ts";
export { type ImageSource, takeImage } from "./archive/take-image.ts";
export { verifyStore } from "./archive/verify-store.ts";
export { encodeBackup } from "./archive/write-backup.ts";
