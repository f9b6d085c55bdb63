import {
  bigInt64,
  bytes,
  field,
  int32,
  messageType,
  type MessageType,
  nested,
  oneOf,
  optional,
  type OneOf,
  text,
} from "@cellplane/grpc";

/** Kinds of packets, by their number on the wire. Numbers beyond these are ignored by every peer. */
export const packetTypes = {
  dialRequest: 0,
  dialResponse: 1,
  closeRequest: 2,
  closeResponse: 3,
  data: 4,
  closeDial: 5,
  drain: 6,
} as const;

/** Their names in the apiserver-network-proxy, by number. */
export const packetNames: readonly string[] = [
  "DIAL_REQ",
  "DIAL_RSP",
  "CLOSE_REQ",
  "CLOSE_RSP",
  "DATA",
  "DIAL_CLS",
  "DRAIN",
];

/** Asks an agent for a connection. */
export interface DialRequest {
  /** `tcp`. */
  readonly protocol: string;
  /** `host:port`. */
  readonly address: string;
  /** Pairs the answer with its request; uses all 64 bits. */
  readonly random: bigint;
  /** The trace that it belongs to, as W3C writes it; between a server and an agent of ours alone. */
  readonly traceparent?: string | undefined;
}

/** The answer: `error` is empty where the agent is connected. */
export interface DialResponse {
  readonly error: string;
  /** The agent's number of the connection, from 1. */
  readonly connectId: bigint;
  readonly random: bigint;
}

/** Asks for the end of a connection. */
export interface CloseRequest {
  readonly connectId: bigint;
}

/** A connection has ended, also unasked. */
export interface CloseResponse {
  readonly error: string;
  readonly connectId: bigint;
}

/** Nobody waits for a dial any more. */
export interface CloseDial {
  readonly random: bigint;
}

/** Bytes of a connection. */
export interface Data {
  readonly connectId: bigint;
  readonly error: string;
  readonly data: Uint8Array;
}

/** What packets carry. */
export interface PacketCases {
  readonly dialRequest: DialRequest;
  readonly dialResponse: DialResponse;
  readonly data: Data;
  readonly closeRequest: CloseRequest;
  readonly closeResponse: CloseResponse;
  readonly closeDial: CloseDial;
  readonly drain: object;
}

/** What goes both ways on the streams of the Kubernetes apiserver-network-proxy. */
export interface Packet {
  readonly type: number;
  readonly payload: OneOf<PacketCases> | undefined;
}

const dialRequest: MessageType<DialRequest> = messageType<DialRequest>({
  protocol: field(1, text),
  address: field(2, text),
  random: field(3, bigInt64),
  traceparent: optional(100, text),
});

const dialResponse: MessageType<DialResponse> = messageType<DialResponse>({
  error: field(1, text),
  connectId: field(2, bigInt64),
  random: field(3, bigInt64),
});

const closeRequest: MessageType<CloseRequest> = messageType<CloseRequest>({
  connectId: field(1, bigInt64),
});

const closeResponse: MessageType<CloseResponse> = messageType<CloseResponse>({
  error: field(1, text),
  connectId: field(2, bigInt64),
});

const closeDial: MessageType<CloseDial> = messageType<CloseDial>({ random: field(1, bigInt64) });

const data: MessageType<Data> = messageType<Data>({
  connectId: field(1, bigInt64),
  error: field(2, text),
  data: field(3, bytes),
});

const drain: MessageType<object> = messageType<object>({});

/** Its type on the wire; field numbers are those of the apiserver-network-proxy. */
export const packet: MessageType<Packet> = messageType<Packet>({
  type: field(1, int32),
  payload: oneOf<PacketCases>({
    dialRequest: [2, nested(() => dialRequest)],
    dialResponse: [3, nested(() => dialResponse)],
    data: [4, nested(() => data)],
    closeRequest: [5, nested(() => closeRequest)],
    closeResponse: [6, nested(() => closeResponse)],
    closeDial: [7, nested(() => closeDial)],
    drain: [8, nested(() => drain)],
  }),
});

/** A packet of one kind. */
export function packetOf<Kind extends keyof PacketCases>(
  kind: Kind,
  value: PacketCases[Kind],
): Packet {
  return { type: packetTypes[kind], payload: { kind, value } as OneOf<PacketCases> };
}

/**
 * What a packet carries, where its type and its payload agree; `undefined` for packets of a kind
 * that this version does not know.
 */
export function payloadOf({ type, payload }: Packet): OneOf<PacketCases> | undefined {
  return payload && packetTypes[payload.kind] === type ? payload : undefined;
}

/** Most bytes that are sent in one packet of data. */
export const maxSentBytes: number = 32 * 1024;
