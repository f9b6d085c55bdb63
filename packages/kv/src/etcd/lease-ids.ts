/** Ids that stand for others begin here: the driver's own leases get smaller ones. */
const firstStandIn = 2 ** 52;

/**
 * Lease ids in etcd have 63 bits, and those that etcd chooses use them all; the store's are safe
 * integers. An id within 2⁵³ is itself. A larger one, of a lease that somebody else granted, is
 * stood for by 2⁵² and its own low 52 bits, which is the same in every process and at any time, unless
 * two ids of one process meet there: then the later one takes the next free number. The way back
 * is kept from when the id was first seen.
 */
export class LeaseIds {
  readonly #standInOf = new Map<bigint, number>();
  readonly #idOf = new Map<number, bigint>();

  /** The number of an id on the wire. */
  toNumber(id: number | bigint): number {
    if (typeof id === "number") return id;
    const known = this.#standInOf.get(id);
    if (known !== undefined) return known;
    let number = firstStandIn + Number(BigInt.asUintN(52, id));
    while (this.#idOf.has(number)) {
      number = number === Number.MAX_SAFE_INTEGER ? firstStandIn : number + 1;
    }
    this.#standInOf.set(id, number);
    this.#idOf.set(number, id);
    return number;
  }

  /** The id on the wire of a number. */
  toWire(number: number): number | bigint {
    return this.#idOf.get(number) ?? number;
  }
}
