import type { MessageType } from "./codec.ts";
import type { Field } from "./fields.ts";
import { WireReader } from "./wire-reader.ts";

/** A table of every property of a message. */
export type FieldsOf<T> = { readonly [K in keyof T]-?: Field<T[K]> };

interface Row {
  readonly name: string;
  readonly field: Field<unknown>;
}

/**
 * A message type from the table of its fields. Fields are written in the table's order; unknown
 * ones are skipped when read; every property is there after reading.
 *
 * @example
 * interface Greeting { readonly to: string; readonly times: number }
 * const greeting: MessageType<Greeting> = messageType({ to: field(1, text), times: field(2, int64) });
 */
export function messageType<T extends object>(fields: FieldsOf<T>): MessageType<T> {
  const rows: readonly Row[] = Object.entries(fields).map(([name, entry]) => ({
    name,
    field: entry as Field<unknown>,
  }));
  const byNumber: Row[] = [];
  for (const row of rows) for (const number of row.field.numbers) byNumber[number] = row;
  const zero = Object.fromEntries(rows.map(({ name, field }) => [name, field.initial]));

  const read = (from: WireReader): T => {
    const message: Record<string, unknown> = { ...zero };
    while (!from.isAtEnd) {
      const tag = from.tag();
      const row = byNumber[tag >>> 3];
      if (row) message[row.name] = row.field.read(message[row.name], tag, from);
      else from.skip(tag);
    }
    return message as T;
  };
  return {
    encode: (message, to) => {
      const values = message as Readonly<Record<string, unknown>>;
      for (const { name, field } of rows) field.write(values[name], to);
    },
    decode: (bytes) => read(new WireReader(bytes)),
    create: (given) => ({ ...zero, ...given }) as T,
    read,
  };
}
