import { constants, createHash, publicEncrypt, randomBytes } from "node:crypto";
import { connect } from "node:net";
import { errorOf, isEnd, PacketSocket, type Answer } from "./protocol-packets.suite.ts";

const flags = {
  connectWithDatabase: 0x8,
  lengthEncodedAuthentication: 0x20_0000,
};

/**
 * What the proxy can do, on both sides alike, so that packets may be handed on as they are: long
 * passwords and flags, found rows, a database, the protocol of 4.1, transactions, several
 * statements and results, plug-ins of authentication. Neither TLS nor results without an end packet.
 */
const capabilities = 0x000b_a20f;

/** Who comes in by a name and a password. */
export interface Login {
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** What a client answers to the greeting. */
interface HandshakeResponse {
  readonly user: string;
  readonly token: Buffer;
  readonly database: string;
}

/** Greets a client as OceanBase does, and tells who it says it is and whether its password is right. */
export async function greetClient(
  client: PacketSocket,
  {
    version,
    threadId,
    password,
  }: { readonly version: string; readonly threadId: number; readonly password: string },
): Promise<{ readonly user: string; readonly database: string; readonly isRight: boolean }> {
  // Some clients take a zero byte as the end of it.
  const nonce = Buffer.from(randomBytes(20).map((byte) => (byte % 126) + 1));
  client.send([greeting(version, threadId, nonce)], 0);
  const { payload } = await client.next();
  const { user, token, database } = parseResponse(payload);
  return { user, database, isRight: token.equals(nativeToken(password, nonce)) };
}

/** A session of a real server, to which the proxy is the client. */
export class BackendSession {
  readonly #packets: PacketSocket;

  private constructor(packets: PacketSocket) {
    this.#packets = packets;
  }

  /** Connects and logs in by `mysql_native_password` or `caching_sha2_password`. */
  static async open(port: number, login: Login): Promise<BackendSession> {
    const packets = new PacketSocket(connect(port, "127.0.0.1"));
    try {
      await authenticate(packets, login);
      return new BackendSession(packets);
    } catch (error) {
      packets.socket.destroy();
      throw error;
    }
  }

  get isClosed(): boolean {
    return this.#packets.isClosed;
  }

  get closed(): Promise<void> {
    return this.#packets.closed;
  }

  /** Runs one statement. Fails only where the connection does. */
  async query(sql: Buffer | string): Promise<Answer> {
    this.#packets.send([Buffer.concat([Buffer.from([3]), Buffer.from(sql)])], 0);
    const { payload: first } = await this.#packets.next();
    const answer = [first];
    if (first.readUInt8(0) === 0x00 || first.readUInt8(0) === 0xff) return answer;
    // The columns, then the rows.
    for (let ends = 0; ends < 2;) {
      const { payload } = await this.#packets.next();
      answer.push(payload);
      if (payload.readUInt8(0) === 0xff) return answer;
      if (isEnd(payload)) ends++;
    }
    return answer;
  }

  destroy(): void {
    this.#packets.socket.destroy();
  }
}

function greeting(version: string, threadId: number, nonce: Buffer): Buffer {
  const numbers = Buffer.alloc(32);
  numbers.writeUInt32LE(threadId, 0);
  nonce.copy(numbers, 4, 0, 8);
  numbers.writeUInt16LE(capabilities & 0xffff, 13);
  numbers.writeUInt8(45, 15);
  numbers.writeUInt16LE(2, 16);
  numbers.writeUInt16LE(capabilities >>> 16, 18);
  numbers.writeUInt8(21, 20);
  return Buffer.concat([
    Buffer.from(`\x0a${version}\0`),
    numbers.subarray(0, 31),
    nonce.subarray(8),
    Buffer.from("\0mysql_native_password\0"),
  ]);
}

function parseResponse(payload: Buffer): HandshakeResponse {
  const wanted = payload.readUInt32LE(0);
  const userEnd = payload.indexOf(0, 32);
  const user = payload.toString("utf8", 32, userEnd);
  const tokenLength = payload.readUInt8(userEnd + 1);
  const tokenEnd = userEnd + 2 + tokenLength;
  const token = payload.subarray(userEnd + 2, tokenEnd);
  const hasDatabase = (wanted & flags.connectWithDatabase) !== 0;
  const databaseEnd = hasDatabase ? payload.indexOf(0, tokenEnd) : tokenEnd;
  return { user, token, database: payload.toString("utf8", tokenEnd, databaseEnd) };
}

async function authenticate(packets: PacketSocket, login: Login): Promise<void> {
  const { payload: hello } = await packets.next();
  const { nonce, plugin } = parseGreeting(hello);
  packets.send([loginPacket(login, tokenOf(plugin, login.password, nonce), plugin)], 1);
  for (let state = { nonce, plugin }; ;) {
    const { payload, sequence } = await packets.next();
    const failure = errorOf([payload]);
    if (failure) throw new Error(`The server refuses: ${failure.errno} ${failure.text}`);
    if (payload.readUInt8(0) === 0x00) return;
    if (payload.readUInt8(0) === 0xfe) {
      const nameEnd = payload.indexOf(0, 1);
      state = {
        plugin: payload.toString("utf8", 1, nameEnd),
        nonce: payload.subarray(nameEnd + 1, nameEnd + 21),
      };
      packets.send([tokenOf(state.plugin, login.password, state.nonce)], sequence + 1);
      continue;
    }
    // More of caching_sha2_password: 3 all is well, 4 the whole password is wanted.
    if (payload.readUInt8(1) === 4)
      await sendWhole(packets, login.password, { ...state, sequence });
  }
}

async function sendWhole(
  packets: PacketSocket,
  password: string,
  { nonce, sequence }: { readonly nonce: Buffer; readonly sequence: number },
): Promise<void> {
  packets.send([Buffer.from([2])], sequence + 1);
  const { payload, sequence: next } = await packets.next();
  const bytes = Buffer.from(`${password}\0`);
  for (const [i, byte] of bytes.entries()) bytes[i] = byte ^ nonce.readUInt8(i % 20);
  const key = payload.toString("latin1", 1);
  packets.send(
    [publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING }, bytes)],
    next + 1,
  );
}

function parseGreeting(payload: Buffer): { readonly nonce: Buffer; readonly plugin: string } {
  const at = payload.indexOf(0, 1) + 1;
  const nonce = Buffer.concat([
    payload.subarray(at + 4, at + 12),
    payload.subarray(at + 31, at + 43),
  ]);
  const pluginAt = at + 44;
  return { nonce, plugin: payload.toString("utf8", pluginAt, payload.indexOf(0, pluginAt)) };
}

function loginPacket({ user, database }: Login, token: Buffer, plugin: string): Buffer {
  const head = Buffer.alloc(32);
  head.writeUInt32LE(capabilities | flags.lengthEncodedAuthentication, 0);
  head.writeUInt32LE(64 * 1024 * 1024, 4);
  head.writeUInt8(45, 8);
  return Buffer.concat([
    head,
    Buffer.from(`${user}\0`),
    Buffer.from([token.length]),
    token,
    Buffer.from(`${database}\0${plugin}\0`),
  ]);
}

function tokenOf(plugin: string, password: string, nonce: Buffer): Buffer {
  if (plugin === "mysql_native_password") return nativeToken(password, nonce);
  const once = hash("sha256", Buffer.from(password));
  return xor(once, hash("sha256", Buffer.concat([hash("sha256", hash("sha256", once)), nonce])));
}

function nativeToken(password: string, nonce: Buffer): Buffer {
  const once = hash("sha1", Buffer.from(password));
  return xor(once, hash("sha1", Buffer.concat([nonce, hash("sha1", once)])));
}

function hash(name: "sha1" | "sha256", bytes: Buffer): Buffer {
  return createHash(name).update(bytes).digest();
}

function xor(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.map((byte, i) => byte ^ other.readUInt8(i)));
}
