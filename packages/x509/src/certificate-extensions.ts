import { isIP } from "node:net";
import {
  derBitString,
  derExplicit,
  derImplicit,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  derTrue,
} from "./der.ts";

/** What a certificate is for. */
export type CertificateUsage = "authority" | "server" | "client";

/** What the extensions of a certificate say (RFC 5280 §4.2). */
export interface ExtensionsRequest {
  readonly usage: CertificateUsage;
  /** DNS names and IP addresses of a server. */
  readonly hosts: readonly string[];
  readonly subjectKeyId: Buffer;
  /** Absent where the issuer has none. */
  readonly authorityKeyId: Buffer | undefined;
}

/** The `extensions` field of a certificate, with its tag. */
export function encodeExtensions(request: ExtensionsRequest): Buffer {
  const { usage, hosts, subjectKeyId, authorityKeyId } = request;
  const isAuthority = usage === "authority";
  const extensions = [
    extension("2.5.29.19", isAuthority ? derSequence(derTrue()) : derSequence(), true),
    extension("2.5.29.15", isAuthority ? certSignAndCrlSign() : digitalSignature(), true),
    extension("2.5.29.14", derOctetString(subjectKeyId)),
  ];
  if (authorityKeyId) {
    extensions.push(extension("2.5.29.35", derSequence(derImplicit(0, authorityKeyId))));
  }
  if (!isAuthority)
    extensions.push(extension("2.5.29.37", derSequence(derOid(purposeOids[usage]))));
  if (hosts.length > 0) extensions.push(extension("2.5.29.17", subjectAltName(hosts)));
  return derExplicit(3, derSequence(...extensions));
}

const purposeOids = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const;

function extension(oid: string, value: Buffer, critical = false): Buffer {
  return derSequence(derOid(oid), ...(critical ? [derTrue()] : []), derOctetString(value));
}

function digitalSignature(): Buffer {
  return derBitString(Buffer.from([0x80]), 7);
}

// digitalSignature as well, so that an authority may sign OCSP answers and tokens.
function certSignAndCrlSign(): Buffer {
  return derBitString(Buffer.from([0x86]), 1);
}

function subjectAltName(hosts: readonly string[]): Buffer {
  return derSequence(
    ...hosts.map((host) =>
      isIP(host) === 0
        ? derImplicit(2, Buffer.from(host, "latin1"))
        : derImplicit(7, ipBytes(host)),
    ),
  );
}

/** The 4 or 16 bytes of an address. */
function ipBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const bytes = Buffer.alloc(16);
  ipv6Groups(address).forEach((group, index) => bytes.writeUInt16BE(group, index * 2));
  return bytes;
}

function ipv6Groups(address: string): readonly number[] {
  const [head = "", tail] = address.split("%")[0]?.split("::") ?? [];
  const before = groupsOf(head);
  if (tail === undefined) return before;
  const after = groupsOf(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return [...before, ...zeros, ...after];
}

function groupsOf(text: string): readonly number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

/** The bytes of a serial number. */
export function encodeSerial(random: Buffer): Buffer {
  // Cleared top bit: at most 20 bytes and positive (RFC 5280 §4.1.2.2).
  const bytes = Buffer.from(random);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x01, 0);
  return derInteger(bytes);
}
