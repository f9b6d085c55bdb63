/** A header or trailer on the wire: a name in lower case, and a value of one character a byte. */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
  /** Will be sent again and again, so that the peer had better remember it. */
  readonly isConstant?: boolean;
}
