/** How a field is written; `names` are those of an enum's values, from 0. */
export type FieldType =
  | "int"
  | "uint"
  | "bool"
  | "text"
  | "bytes"
  | { readonly names: readonly string[] }
  | { readonly message: string; readonly isRepeated: boolean };

/** One field of a message. */
export interface WireField {
  readonly name: string;
  readonly number: number;
  readonly type: FieldType;
}

const one = (message: string): FieldType => ({ message, isRepeated: false });
const many = (message: string): FieldType => ({ message, isRepeated: true });

const oneOfNames = (...names: readonly string[]): FieldType => ({ names });

/**
 * The messages of a recorded session, by the names of etcd's protocol, apart from the tables of the
 * facade: a mistake there would otherwise be made alike on both sides.
 */
const messages: Readonly<Record<string, Readonly<Record<string, readonly [number, FieldType]>>>> = {
  ResponseHeader: {
    cluster_id: [1, "uint"],
    member_id: [2, "uint"],
    revision: [3, "int"],
    raft_term: [4, "uint"],
  },
  KeyValue: {
    key: [1, "bytes"],
    create_revision: [2, "int"],
    mod_revision: [3, "int"],
    version: [4, "int"],
    value: [5, "bytes"],
    lease: [6, "int"],
  },
  Event: {
    type: [1, oneOfNames("PUT", "DELETE")],
    kv: [2, one("KeyValue")],
    prev_kv: [3, one("KeyValue")],
  },
  RangeRequest: {
    key: [1, "bytes"],
    range_end: [2, "bytes"],
    limit: [3, "int"],
    revision: [4, "int"],
    count_only: [9, "bool"],
  },
  RangeResponse: {
    header: [1, one("ResponseHeader")],
    kvs: [2, many("KeyValue")],
    more: [3, "bool"],
    count: [4, "int"],
  },
  PutRequest: { key: [1, "bytes"], value: [2, "bytes"], lease: [3, "int"] },
  PutResponse: { header: [1, one("ResponseHeader")], prev_kv: [2, one("KeyValue")] },
  DeleteRangeRequest: { key: [1, "bytes"], range_end: [2, "bytes"] },
  DeleteRangeResponse: {
    header: [1, one("ResponseHeader")],
    deleted: [2, "int"],
    prev_kvs: [3, many("KeyValue")],
  },
  Compare: {
    result: [1, oneOfNames("EQUAL", "GREATER", "LESS", "NOT_EQUAL")],
    target: [2, oneOfNames("VERSION", "CREATE", "MOD", "VALUE", "LEASE")],
    key: [3, "bytes"],
    version: [4, "int"],
    create_revision: [5, "int"],
    mod_revision: [6, "int"],
  },
  RequestOp: {
    request_range: [1, one("RangeRequest")],
    request_put: [2, one("PutRequest")],
    request_delete_range: [3, one("DeleteRangeRequest")],
  },
  ResponseOp: {
    response_range: [1, one("RangeResponse")],
    response_put: [2, one("PutResponse")],
    response_delete_range: [3, one("DeleteRangeResponse")],
  },
  TxnRequest: {
    compare: [1, many("Compare")],
    success: [2, many("RequestOp")],
    failure: [3, many("RequestOp")],
  },
  TxnResponse: {
    header: [1, one("ResponseHeader")],
    succeeded: [2, "bool"],
    responses: [3, many("ResponseOp")],
  },
  CompactionRequest: { revision: [1, "int"], physical: [2, "bool"] },
  CompactionResponse: { header: [1, one("ResponseHeader")] },
  LeaseGrantRequest: { TTL: [1, "int"], ID: [2, "int"] },
  LeaseGrantResponse: {
    header: [1, one("ResponseHeader")],
    ID: [2, "int"],
    TTL: [3, "int"],
    error: [4, "text"],
  },
  StatusRequest: {},
  StatusResponse: {
    header: [1, one("ResponseHeader")],
    version: [2, "text"],
    dbSize: [3, "int"],
    leader: [4, "uint"],
    raftIndex: [5, "uint"],
    raftTerm: [6, "uint"],
    raftAppliedIndex: [7, "uint"],
    dbSizeInUse: [9, "int"],
    storageVersion: [11, "text"],
    dbSizeQuota: [12, "int"],
  },
  WatchCreateRequest: {
    key: [1, "bytes"],
    range_end: [2, "bytes"],
    start_revision: [3, "int"],
    progress_notify: [4, "bool"],
    prev_kv: [6, "bool"],
  },
  WatchProgressRequest: {},
  WatchRequest: {
    create_request: [1, one("WatchCreateRequest")],
    progress_request: [3, one("WatchProgressRequest")],
  },
  WatchResponse: {
    header: [1, one("ResponseHeader")],
    watch_id: [2, "int"],
    created: [3, "bool"],
    canceled: [4, "bool"],
    compact_revision: [5, "int"],
    cancel_reason: [6, "text"],
    fragment: [7, "bool"],
    events: [11, many("Event")],
  },
};

/** The fields of a message, by name. @throws {Error} There is no such message in the table. */
export function fieldsOf(message: string): ReadonlyMap<string, WireField> {
  const fields = byName.get(message);
  if (!fields) throw new Error(`Cannot read a ${message} as its fields are not in the table`);
  return fields;
}

const byName: ReadonlyMap<string, ReadonlyMap<string, WireField>> = new Map(
  Object.entries(messages).map(([message, fields]) => [
    message,
    new Map(Object.entries(fields).map(([name, [number, type]]) => [name, { name, number, type }])),
  ]),
);
