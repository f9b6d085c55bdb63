import type { UserInfo } from "../request/user.ts";
import type { TokenAuthenticator } from "./authenticator.ts";

/**
 * Parses a token file: lines of `token,user,uid[,"group1,group2"]` in CSV.
 *
 * @throws {Error} With file and line, if a line has fewer than three columns or bad quotes.
 */
export function parseTokenFile(text: string, file: string): ReadonlyMap<string, UserInfo> {
  const users = new Map<string, UserInfo>();
  for (const { line, columns } of parseCsv(text, file)) {
    const [token = "", username = "", uid = "", groups = ""] = columns;
    const wrong = complain(columns, users);
    if (wrong) throw new Error(`Cannot read token file "${file}" line ${line}: ${wrong}`);
    users.set(token, {
      username,
      ...(uid === "" ? {} : { uid }),
      groups: groups === "" ? [] : groups.split(",").map((group) => group.trim()),
    });
  }
  return users;
}

/** Knows the tokens of a file. They are good for the audiences of this server. */
export function createTokenFileAuthenticator(
  users: ReadonlyMap<string, UserInfo>,
  apiAudiences: readonly string[],
): TokenAuthenticator {
  return (token, audiences) => {
    const user = users.get(token);
    if (!user) return { kind: "unknown" };
    const shared =
      audiences === apiAudiences
        ? apiAudiences
        : audiences.filter((audience) => apiAudiences.includes(audience));
    return shared.length === 0 ? { kind: "unknown" } : { kind: "known", user, audiences: shared };
  };
}

function complain(
  columns: readonly string[],
  users: ReadonlyMap<string, UserInfo>,
): string | undefined {
  const [token = "", username = ""] = columns;
  if (columns.length < 3) return `it has ${columns.length} columns, not at least 3`;
  if (token === "") return "its token is empty";
  if (username === "") return "its user name is empty";
  return users.has(token) ? "its token stands on an earlier line, too" : undefined;
}

interface CsvRecord {
  /** From 1. */
  readonly line: number;
  readonly columns: readonly string[];
}

function* parseCsv(text: string, file: string): Generator<CsvRecord> {
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const columns = splitColumns(line);
    if (!columns) {
      throw new Error(
        `Cannot read token file "${file}" line ${index + 1}: its quotes do not match`,
      );
    }
    yield { line: index + 1, columns };
  }
}

/** `undefined` where quotes do not match. A quote inside a quoted column is doubled. */
function splitColumns(line: string): readonly string[] | undefined {
  const columns: string[] = [];
  const column = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (;;) {
    const match = column.exec(line);
    if (!match) return undefined;
    columns.push(match[1] === undefined ? (match[2] ?? "") : match[1].replaceAll('""', '"'));
    if (match[3] === "") return columns;
    if (column.lastIndex === line.length) return [...columns, ""];
  }
}
