import { connect, type OnReadOpts, type Socket } from "node:net";
import { formatAddress, parseAddress } from "../protocol/address.ts";
import { apiServerAddress } from "../protocol/methods.ts";

/** What an agent may open. */
export interface AgentTargets {
  /** `host:port` of the cluster's API server; what a server calls its upstream is dialled here. */
  readonly target: string;
  /** Further addresses that a server may name; none unless given. */
  readonly allowed?: readonly string[];
  /** How long an address may take to answer; 5 s unless given. */
  readonly dialTimeoutMs?: number;
}

const defaultDialTimeoutMs = 5000;

/** What is wanted, and how it is read: with `onread` the socket stays paused until it is resumed. */
export interface TargetDial {
  readonly protocol: string;
  readonly address: string;
  readonly onread?: OnReadOpts | undefined;
}

/** Connects to an address if it is allowed. Errors have the system's own words. */
export function dialTarget(
  { target, allowed = [], dialTimeoutMs = defaultDialTimeoutMs }: AgentTargets,
  { protocol, address, onread }: TargetDial,
): Promise<Socket> {
  const isOwn = address === target || address === apiServerAddress;
  const place = isOwn ? target : address;
  const parsed = parseAddress(place);
  if (protocol !== "tcp" || !parsed || !(isOwn || allowed.includes(formatAddress(parsed)))) {
    return Promise.reject(
      new Error(`address "${address}" is not allowed by the agent, which serves "${target}" alone`),
    );
  }
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const reads = onread ? { onread } : {};
  const socket = connect({ ...parsed, noDelay: true, allowHalfOpen: true, ...reads });
  if (onread) socket.pause();
  const late = setTimeout(() => {
    socket.destroy(new Error(`dial tcp ${place}: i/o timeout`));
  }, dialTimeoutMs);
  const fail = (error: Error): void => {
    clearTimeout(late);
    reject(error);
  };
  socket.once("error", fail);
  socket.once("connect", () => {
    clearTimeout(late);
    socket.off("error", fail);
    resolve(socket);
  });
  return promise;
}

/** An error as Go's programs say it, so that those who look for their words find them. */
export function dialErrorText({ target }: AgentTargets, wanted: string, error: unknown): string {
  const address = wanted === apiServerAddress ? target : wanted;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = error instanceof Error ? error.message : String(error);
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: "connect: connection refused",
    ENOTFOUND: "no such host",
    EAI_AGAIN: "no such host",
    EHOSTUNREACH: "connect: no route to host",
    ENETUNREACH: "connect: network is unreachable",
    ETIMEDOUT: "i/o timeout",
    EMFILE: "socket: too many open files",
    ENFILE: "socket: too many open files in system",
  };
  const known = words[code];
  return known === undefined ? message : `dial tcp ${address}: ${known}`;
}
