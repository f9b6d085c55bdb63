import { createSecureContext } from "node:tls";
import {
  type BidiMethod,
  type ClientCall,
  GrpcChannel,
  GrpcError,
  type Metadata,
} from "@cellplane/grpc";
import { etcdMethods } from "./etcd-methods.ts";
import { UnavailableError } from "../store/kv-error.ts";
import type { EtcdTarget } from "./etcd-url.ts";

/**
 * etcd wants 5 s or more between PINGs. A member that is frozen, or cut off without a word, is given
 * up after the sum of both, in milliseconds.
 */
const keepAlive = { intervalMs: 10_000, timeoutMs: 10_000, onlyWithCalls: true };

/** A member may be gone, and another may answer. */
const connectTimeoutMs = 3000;

/** etcd limits what it takes, not what it gives: a list may be long. */
const maxReceiveBytes = 2 ** 31 - 1;

/** One member of the cluster. Streams have a connection of their own, so that they hold up no call. */
export interface EtcdMember {
  readonly endpoint: string;
  readonly calls: GrpcChannel;
  readonly streams: GrpcChannel;
}

/** The members of a cluster: one is used until it fails, then the next one. */
export class EtcdMembers implements AsyncDisposable {
  readonly #members: readonly EtcdMember[];
  readonly #user: string | undefined;
  readonly #password: string;
  #at = 0;
  #token: Promise<Metadata | undefined> | undefined;

  /** @throws {UnavailableError} Its certificates cannot be used. */
  constructor(target: EtcdTarget) {
    checkTls(target);
    this.#user = target.user;
    this.#password = target.password;
    this.#members = target.endpoints.map((endpoint) => ({
      endpoint,
      calls: openChannel(endpoint, target),
      streams: openChannel(endpoint, target),
    }));
  }

  get count(): number {
    return this.#members.length;
  }

  /** The member that is used. */
  get current(): EtcdMember {
    const member = this.#members[this.#at];
    if (!member) throw new Error("There is no etcd member");
    return member;
  }

  /** Goes on with the next member, unless that was done since `failed` was the current one. */
  passOver(failed: EtcdMember): void {
    if (failed === this.current) this.#at = (this.#at + 1) % this.#members.length;
  }

  /** Who we are, for a call to a member; a promise only where a password has to be exchanged for a token. */
  credentials(member: EtcdMember): Metadata | undefined | Promise<Metadata | undefined> {
    if (this.#user === undefined) return undefined;
    this.#token ??= this.#authenticate(member, this.#user).catch((error: unknown) => {
      this.#token = undefined;
      throw error;
    });
    return this.#token;
  }

  /** The token was refused: the next call gets another one. */
  forgetToken(): void {
    this.#token = undefined;
  }

  /** A stream to the current member. etcd ends it where that member has lost the others. */
  openStream<Request, Response>(
    method: BidiMethod<Request, Response>,
  ): ClientCall<Request, Response> | Promise<ClientCall<Request, Response>> {
    const member = this.current;
    const open = (who: Metadata | undefined): ClientCall<Request, Response> =>
      member.streams.bidi(method, { metadata: { hasleader: "true", ...who } });
    const who = this.credentials(member);
    return who instanceof Promise ? who.then(open) : open(who);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const channels = this.#members.flatMap(({ calls, streams }) => [calls, streams]);
    await Promise.all(channels.map((channel) => channel[Symbol.asyncDispose]()));
  }

  async #authenticate(member: EtcdMember, name: string): Promise<Metadata | undefined> {
    try {
      const request = { name, password: this.#password };
      const { token } = await member.calls.unary(etcdMethods.authenticate, request);
      return { token };
    } catch (error) {
      const isOff =
        error instanceof GrpcError && error.message.endsWith("authentication is not enabled");
      if (isOff) return undefined;
      throw error;
    }
  }
}

function openChannel(target: string, { tls }: EtcdTarget): GrpcChannel {
  const options = { target, keepAlive, connectTimeoutMs, maxReceiveBytes };
  return new GrpcChannel(tls ? { ...options, tls } : options);
}

/** A connection would fail with nothing but OpenSSL's words. */
function checkTls({ tls }: EtcdTarget): void {
  try {
    if (tls) createSecureContext({ ...tls });
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^error:[0-9A-F]+:/, "") : "";
    throw new UnavailableError(
      `Cannot use the ssl-ca, ssl-cert and ssl-key of the etcd URL: ${why}`,
      { cause: error },
    );
  }
}
