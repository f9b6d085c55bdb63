import { crc32 } from "node:zlib";
import {
  type AlarmMember,
  alarmRequest,
  type AlarmRequest,
  alarmResponse,
  empty,
  type Empty,
  hashKvRequest,
  hashKvResponse,
  hashResponse,
  headerOnly,
  snapshotResponse,
  type SnapshotResponse,
  statusResponse,
  type StatusResponse,
  wireKeyValue,
} from "@cellplane/etcd-api";
import {
  type GrpcHandler,
  handleServerStream,
  type MessageSink,
  type ServerStreamMethod,
  WireWriter,
} from "@cellplane/grpc";
import { CompactedError } from "@cellplane/kv";
import { type EtcdContext, etcdVersion } from "../context/etcd-context.ts";
import { etcdError, toEtcdError } from "../context/etcd-error.ts";
import { createSnapshot } from "../snapshot/create-snapshot.ts";
import { readPages } from "../snapshot/read-pages.ts";
import { snapshotVersion } from "../snapshot/write-metadata.ts";
import { answer } from "./answer.ts";

const noSpaceAlarm = 1;
const alarmAction = { get: 0, activate: 1, deactivate: 2 } as const;

/** `etcdserverpb.Maintenance`. Snapshots are made in temporary files of `snapshotDir`. */
export function createMaintenanceService(
  context: EtcdContext,
  snapshotDir: string,
): readonly GrpcHandler[] {
  const refuse = (name: string, text: Parameters<typeof etcdError>[0]): GrpcHandler =>
    answer(`Maintenance/${name}`, { request: empty, response: headerOnly }, async () => {
      throw etcdError(text);
    });
  return [
    answer("Maintenance/Status", { request: empty, response: statusResponse }, () =>
      readStatus(context),
    ),
    answer(
      "Maintenance/Alarm",
      { request: alarmRequest, response: alarmResponse },
      async (wire) => {
        const header = await context.headerNow();
        return { header, alarms: changeAlarm(context, wire) };
      },
    ),
    answer("Maintenance/Defragment", { request: empty, response: headerOnly }, async () => ({
      header: await context.headerNow(),
    })),
    answer("Maintenance/Hash", { request: empty, response: hashResponse }, async (_, signal) => {
      const header = await context.headerNow();
      return { header, hash: await hashKeys(context, header.revision, signal) };
    }),
    answer(
      "Maintenance/HashKV",
      { request: hashKvRequest, response: hashKvResponse },
      async ({ revision }, signal) => {
        const header = await context.headerNow();
        const hashRevision = revision > 0 ? revision : header.revision;
        const hash = await hashKeys(context, hashRevision, signal);
        const { compacted } = await context.store.status(signal);
        if (hashRevision < compacted) throw new CompactedError(hashRevision, compacted);
        return { header, hash, compactRevision: compacted, hashRevision };
      },
    ),
    handleServerStream(snapshotMethod, (_, responses, call) =>
      sendSnapshot(context, { snapshotDir, responses }, call.signal),
    ),
    refuse("MoveLeader", "bad leader transferee"),
    refuse("Downgrade", "not capable"),
  ];
}

const snapshotMethod: ServerStreamMethod<Empty, SnapshotResponse> = {
  kind: "serverStream",
  path: "/etcdserverpb.Maintenance/Snapshot",
  request: empty,
  response: snapshotResponse,
};

async function readStatus(context: EtcdContext): Promise<StatusResponse> {
  const { memberId, raftTerm, limits } = context;
  const header = await context.headerNow();
  const { sizeBytes, sizeInUseBytes = sizeBytes } = await context.store.status();
  return {
    header,
    version: etcdVersion,
    dbSize: sizeBytes,
    dbSizeInUse: sizeInUseBytes,
    dbSizeQuota: limits.quotaBytes,
    leader: memberId,
    raftTerm,
    raftIndex: header.revision,
    raftAppliedIndex: header.revision,
    isLearner: false,
    errors: context.alarm.isRaised ? [`memberID:${memberId} alarm:NOSPACE `] : [],
    storageVersion: "3.6.0",
  };
}

/** Reads, raises or disarms the alarm; tells those that it concerned. */
function changeAlarm({ alarm, memberId }: EtcdContext, wire: AlarmRequest): readonly AlarmMember[] {
  const raised = [{ memberId, alarm: noSpaceAlarm }];
  const isMeant = wire.alarm === noSpaceAlarm;
  switch (wire.action) {
    case alarmAction.activate:
      if (!isMeant) return [];
      alarm.raise();
      return raised;
    case alarmAction.deactivate:
      return isMeant && alarm.disarm() ? raised : [];
    default:
      return alarm.isRaised && (isMeant || wire.alarm === 0) ? raised : [];
  }
}

/** The same for every server of this kind that has the same live keys at this revision. */
async function hashKeys(
  context: EtcdContext,
  revision: number,
  signal: AbortSignal,
): Promise<number> {
  let hash = 0;
  for await (const kvs of readPages(context.store, { revision, signal })) {
    const writer = new WireWriter();
    for (const kv of kvs) wireKeyValue.encode(kv, writer);
    hash = crc32(writer.take(), hash);
  }
  return hash;
}

async function sendSnapshot(
  context: EtcdContext,
  { snapshotDir, responses }: SnapshotTarget,
  signal: AbortSignal,
): Promise<void> {
  try {
    await using snapshot = await createSnapshot(context, snapshotDir, signal);
    const header = context.header(snapshot.revision);
    for await (const blob of snapshot.blobs()) {
      signal.throwIfAborted();
      const response = { header, ...blob, version: snapshotVersion };
      if (!responses.send(response)) await responses.drained();
    }
  } catch (error) {
    throw toEtcdError(error);
  }
}

interface SnapshotTarget {
  readonly snapshotDir: string;
  readonly responses: MessageSink<SnapshotResponse>;
}
