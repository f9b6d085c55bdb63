/** A range of IPv4 addresses for Services. */
export interface AddressRange {
  /** As it was given: `10.96.0.0/16`. */
  readonly cidr: string;
  /** The network's address as a number. */
  readonly base: number;
  /** How many addresses there are, the network's and the broadcast's included. */
  readonly size: number;
}

/** Parses `10.96.0.0/16`. @throws {Error} If it is no IPv4 range. */
export function parseAddressRange(cidr: string): AddressRange {
  const [address = "", bits = ""] = cidr.split("/");
  const number = parseAddress(address);
  const prefix = Number(bits);
  if (number === undefined || !/^\d+$/.test(bits) || prefix < 8 || prefix > 30) {
    throw new Error(`Cannot serve addresses of ${JSON.stringify(cidr)} as it is no IPv4 range`);
  }
  const size = 2 ** (32 - prefix);
  return { cidr, base: number - (number % size), size };
}

/** The number of an IPv4 address; nothing where it is none. */
export function parseAddress(address: string): number | undefined {
  const parts = address.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return parts.reduce((number, part) => number * 256 + Number(part), 0);
}

/** The IPv4 address of a number. */
export function formatAddress(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}
