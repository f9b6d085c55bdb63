import { StatusError } from "@cellplane/apimachinery";
import type { UserInfo } from "@cellplane/apiserver";

// eslint-disable-next-line no-control-regex -- these are what no header may hold
const control = /[\u0000-\u001f\u007f]/;

/**
 * The headers by which a member takes a request for the caller's own: name, uid, groups and extra
 * as they are, nothing added.
 * @throws {StatusError} 403 for a user whose name or groups no header can hold.
 */
export function callerHeaders(user: UserInfo): Readonly<Record<string, string | string[]>> {
  const extra = Object.entries(user.extra ?? {}).map(
    ([key, values]) => [`impersonate-extra-${encodeURIComponent(key)}`, values.map(text)] as const,
  );
  return {
    "impersonate-user": text(user.username),
    ...(user.uid === undefined || user.uid === "" ? {} : { "impersonate-uid": text(user.uid) }),
    ...(user.groups.length === 0 ? {} : { "impersonate-group": user.groups.map(text) }),
    ...Object.fromEntries(extra),
  };
}

/** The UTF-8 of a value, in the form in which Node writes the bytes of headers. */
function text(value: string): string {
  if (!control.test(value)) return Buffer.from(value, "utf8").toString("latin1");
  throw new StatusError(
    "Forbidden",
    `Cannot pass the request on as no header can hold ${JSON.stringify(value)}`,
  );
}
