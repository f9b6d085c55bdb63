import { badRequest } from "@cellplane/apimachinery";
import { anonymousUser, type UserInfo } from "../request/user.ts";

/** Whom a request wants to act as, as its headers say, before groups are added. */
export interface ImpersonationWish {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: ReadonlyMap<string, readonly string[]>;
}

const extraPrefix = "impersonate-extra-";

/**
 * Reads the `Impersonate-*` headers. `rawHeaders` alternates names and values, as Node has it, so
 * that repeated headers stay apart. `undefined`: there are none.
 *
 * @throws {StatusError} 400, if there are some but no user.
 */
export function readImpersonation(rawHeaders: readonly string[]): ImpersonationWish | undefined {
  let username: string | undefined;
  let uid = "";
  let isAny = false;
  const groups: string[] = [];
  const extra = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const raw = rawHeaders[index] ?? "";
    if (!mayBeOurs(raw)) continue;
    const name = raw.toLowerCase();
    const value = rawHeaders[index + 1] ?? "";
    isAny ||= name.startsWith("impersonate-");
    if (name === "impersonate-user") username ??= value;
    else if (name === "impersonate-uid") uid ||= value;
    else if (name === "impersonate-group") groups.push(value);
    else if (name.startsWith(extraPrefix)) addExtra(extra, name.slice(extraPrefix.length), value);
  }
  if (!isAny) return undefined;
  const wish = { username: username ?? "", uid, groups, extra };
  if (wish.username !== "") return wish;
  if (uid === "" && groups.length === 0 && extra.size === 0) return undefined;
  throw badRequest(`requested ${printInGo(wish)} without impersonating a user name`);
}

/** The user that results: service accounts get their groups, all but anonymous `system:authenticated`. */
export function completeUser(wish: ImpersonationWish): UserInfo {
  const account = parseServiceAccount(wish.username);
  const groups =
    account && wish.groups.length === 0
      ? ["system:serviceaccounts", `system:serviceaccounts:${account.namespace}`]
      : wish.groups;
  const isAnonymous = wish.username === anonymousUser.username;
  const added = isAnonymous ? "system:unauthenticated" : "system:authenticated";
  const isComplete = isAnonymous
    ? groups.includes("system:unauthenticated")
    : groups.includes("system:authenticated") || groups.includes("system:unauthenticated");
  return {
    username: wish.username,
    ...(wish.uid !== "" && { uid: wish.uid }),
    groups: isComplete ? groups : [...groups, added],
    ...(wish.extra.size > 0 && { extra: Object.fromEntries(wish.extra) }),
  };
}

/** Namespace and name of a service account's user name. */
export function parseServiceAccount(
  username: string,
): { readonly namespace: string; readonly name: string } | undefined {
  const match = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username);
  return match?.[1] && match[2] ? { namespace: match[1], name: match[2] } : undefined;
}

// Cheap, for every header of every request is asked.
function mayBeOurs(name: string): boolean {
  const first = name.charCodeAt(0);
  return name.length >= 15 && (first === 0x69 || first === 0x49);
}

function addExtra(extra: Map<string, string[]>, escaped: string, value: string): void {
  const key = unescapeKey(escaped);
  const values = extra.get(key);
  if (values) values.push(value);
  else extra.set(key, [value]);
}

/** Keys are percent-encoded, as header names hold few characters; a bad escape is taken as it is. */
function unescapeKey(escaped: string): string {
  try {
    return decodeURIComponent(escaped);
  } catch {
    return escaped;
  }
}

function printInGo(wish: ImpersonationWish): string {
  const list = (values: readonly string[]): string =>
    values.map((value) => JSON.stringify(value)).join(", ");
  const groups = wish.groups.length > 0 ? `[]string{${list(wish.groups)}}` : "[]string(nil)";
  const pairs = Array.from(wish.extra)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, values]) => `${JSON.stringify(key)}:[]string{${list(values)}}`);
  const extra =
    pairs.length > 0 ? `map[string][]string{${pairs.join(", ")}}` : "map[string][]string(nil)";
  const uid = JSON.stringify(wish.uid);
  return `&user.DefaultInfo{Name:"", UID:${uid}, Groups:${groups}, Extra:${extra}}`;
}
