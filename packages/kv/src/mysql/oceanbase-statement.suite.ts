/** What a statement does, as far as a proxy must know. */
export type StatementKind =
  | "begin"
  | "commit"
  | "rollback"
  | "set"
  | "show"
  | "lock"
  | "read"
  | "write"
  | "ddl"
  | "other";

/** One statement of a message. */
export interface Statement {
  readonly kind: StatementKind;
  readonly bytes: Buffer;
  /** Its beginning as text; values may follow. */
  readonly head: string;
}

/** Characters of a statement that are looked at. */
const headBytes = 4000;

const heads: readonly (readonly [RegExp, StatementKind])[] = [
  [/^(BEGIN|START TRANSACTION)\b/i, "begin"],
  [/^COMMIT\b/i, "commit"],
  [/^ROLLBACK\b/i, "rollback"],
  [/^SET\b/i, "set"],
  [/^SHOW\b/i, "show"],
  [/^SELECT\b[^]*\bFOR UPDATE\s*$/i, "lock"],
  [/^SELECT\b/i, "read"],
  [/^(INSERT|REPLACE|UPDATE|DELETE)\b/i, "write"],
  [/^(CREATE|ALTER|DROP|TRUNCATE|RENAME)\b/i, "ddl"],
];

/** What OceanBase or its proxy does not promise; a driver must use none of it. */
const fragile: readonly (readonly [RegExp, string])[] = [
  [/\bAUTO_INCREMENT\b/i, "auto-increment"],
  [/\bLAST_INSERT_ID\b/i, "LAST_INSERT_ID"],
  [/(^|[^@\w])@\w/, "a user variable"],
  [/^\s*(PREPARE|EXECUTE|DEALLOCATE)\b/i, "a prepared statement"],
  [/\bTEMPORARY\b/i, "a temporary table"],
  [/\b(TRIGGER|FOREIGN KEY|PARTITION BY|AUTOEXTEND_SIZE)\b/i, "a feature of one engine"],
  [/\bENGINE\s*=/i, "a named engine"],
  [/\b(GET|RELEASE)_LOCK\b/i, "a named lock"],
  [/\bLOCK IN SHARE MODE\b|\bFOR SHARE\b/i, "a shared lock"],
  [/\bSKIP LOCKED\b/i, "SKIP LOCKED"],
  [/\bRETURNING\b/i, "RETURNING"],
  [/^\s*XA\b/i, "XA"],
  [/^SELECT \*/i, "SELECT *"],
];

/** Splits a message into its statements. */
export function splitStatements(message: Buffer): readonly Statement[] {
  const statements: Statement[] = [];
  let from = 0;
  for (let at = 0; at <= message.length; at++) {
    const byte = message[at];
    if (byte === 0x27) {
      // To the end of the text; a doubled quote begins another.
      at = closingQuote(message, at);
    } else if (byte === 0x3b || at === message.length) {
      const bytes = message.subarray(from, at);
      from = at + 1;
      const head = bytes.toString("latin1", 0, headBytes).trim();
      if (head !== "") statements.push({ kind: kindOf(head), bytes, head });
    }
  }
  return statements;
}

/** What a statement depends on that is not promised. */
export function fragileParts({ head }: Statement): readonly string[] {
  const code = head.replaceAll(/'[^']*'?/g, "''");
  return fragile.flatMap(([pattern, what]) => (pattern.test(code) ? [what] : []));
}

/** Most bytes that a row of this table can have outside its large values. */
export function widestRow({ head }: Statement): number {
  const widths = head.matchAll(
    /\b(?:VARBINARY|VARCHAR|BINARY|CHAR)\((\d+)\)|\b(BIGINT|INT|TINYINT)\b/gi,
  );
  return Array.from(widths).reduce((sum, [, width]) => sum + Number(width ?? 8), 0);
}

function kindOf(head: string): StatementKind {
  return heads.find(([pattern]) => pattern.test(head))?.[1] ?? "other";
}

function closingQuote(message: Buffer, open: number): number {
  const close = message.indexOf(0x27, open + 1);
  if (close < 0) return message.length - 1;
  return message[close - 1] === 0x5c ? closingQuote(message, close) : close;
}
