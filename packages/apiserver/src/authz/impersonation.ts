import type { StatusError } from "@cellplane/apimachinery";
import type { UserInfo } from "../request/user.ts";
import type { AuthorizationAttributes, Authorizer } from "./authorizer.ts";
import { forbiddenRequest } from "./forbidden-request.ts";
import {
  completeUser,
  type ImpersonationWish,
  readImpersonation,
} from "./impersonation-headers.ts";
import { type ImpersonationMode, impersonationModes } from "./impersonation-modes.ts";

/**
 * The user that a request acts as, or `undefined` where it impersonates nobody. `rawHeaders`
 * alternates names and values.
 *
 * @throws {StatusError} 403, if `user` may not act as that; 400, if the headers name no user.
 */
export type ImpersonationResolver = (
  user: UserInfo,
  rawHeaders: readonly string[],
  request: AuthorizationAttributes,
) => UserInfo | undefined;

/** Users whose last successful mode is kept. */
const rememberedUsers = 1000;

/** Resolves impersonation. Of several refusals it tells that of the mode that last worked for the user. */
export function createImpersonationResolver(authorizer: Authorizer): ImpersonationResolver {
  const lastModes = new Map<string, ImpersonationMode>();
  return (user, rawHeaders, request) => {
    const wish = readImpersonation(rawHeaders);
    if (!wish) return undefined;
    const question = { authorizer, user, wish, request };
    let refusal: StatusError | undefined;
    for (const mode of modesFor(lastModes.get(user.username))) {
      const outcome = tryMode(mode, question);
      if (outcome === "allowed") {
        if (lastModes.size >= rememberedUsers) lastModes.clear();
        lastModes.set(user.username, mode);
        return completeUser(wish);
      }
      if (outcome !== "inapplicable") refusal ??= outcome;
    }
    throw refusal ?? forbiddenRequest(user, request, "");
  };
}

function modesFor(last: ImpersonationMode | undefined): readonly ImpersonationMode[] {
  if (!last) return impersonationModes;
  return [last, ...impersonationModes.filter((mode) => mode !== last)];
}

function tryMode(
  mode: ImpersonationMode,
  question: {
    readonly authorizer: Authorizer;
    readonly user: UserInfo;
    readonly wish: ImpersonationWish;
    readonly request: AuthorizationAttributes;
  },
): "allowed" | "inapplicable" | StatusError {
  const { authorizer, user, wish, request } = question;
  const checks = mode.checks(wish, request, user);
  if (!checks) return "inapplicable";
  for (const check of checks) {
    const { allowed, reason } = authorizer(user, check);
    if (!allowed) return forbiddenRequest(user, check, reason);
  }
  return "allowed";
}
