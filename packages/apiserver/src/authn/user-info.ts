import type { JsonObject } from "@cellplane/apimachinery";
import type { UserInfo } from "../request/user.ts";

/** A user for the wire, as in reviews and audit events: what is empty is left out. */
export function renderUserInfo(user: UserInfo): JsonObject {
  const { username, uid, groups, extra } = user;
  return {
    ...(username !== "" && { username }),
    ...(uid !== undefined && uid !== "" && { uid }),
    ...(groups.length > 0 && { groups }),
    ...(extra && Object.keys(extra).length > 0 && { extra }),
  };
}
