import type { UserInfo } from "../request/user.ts";
import type { AuthorizationAttributes } from "./authorizer.ts";
import { type ImpersonationWish, parseServiceAccount } from "./impersonation-headers.ts";

/** One thing that must be allowed to the requestor. */
export type ImpersonationCheck = AuthorizationAttributes;

/**
 * A way to be allowed to impersonate: the checks that must all pass, in order; `undefined` where
 * the way does not lead to that user.
 */
export interface ImpersonationMode {
  readonly name: string;
  readonly checks: (
    wish: ImpersonationWish,
    request: AuthorizationAttributes,
    requestor: UserInfo,
  ) => readonly ImpersonationCheck[] | undefined;
}

/**
 * All ways, in the order in which they are tried: the constrained ones (KEP-5284), which need
 * `impersonate:<mode>` on the user and `impersonate-on:<mode>:<verb>` on what is requested, then
 * the plain verb `impersonate`.
 */
export const impersonationModes: readonly ImpersonationMode[] = [
  nodeMode("associated-node", (node, requestor) =>
    (requestor.extra?.["authentication.kubernetes.io/node-name"] ?? []).includes(node),
  ),
  nodeMode("arbitrary-node", () => true),
  {
    name: "serviceaccount",
    checks: (wish, request) => {
      const account = parseServiceAccount(wish.username);
      if (!account || !hasNameOnly(wish)) return undefined;
      const verb = "impersonate:serviceaccount";
      return [
        on("serviceaccount", request),
        ask(verb, authentication, { resource: "serviceaccounts", ...account }),
      ];
    },
  },
  {
    name: "user-info",
    checks: (wish, request) => {
      if (parseServiceAccount(wish.username) ?? nodeOf(wish)) return undefined;
      const verb = "impersonate:user-info";
      return [
        on("user-info", request),
        ask(verb, authentication, { resource: "users", name: wish.username }),
        ...attributeChecks(wish, verb, authentication),
      ];
    },
  },
  {
    name: "",
    checks: (wish) => {
      const account = parseServiceAccount(wish.username);
      const whom = account
        ? { resource: "serviceaccounts", ...account }
        : { resource: "users", name: wish.username };
      return [ask("impersonate", "", whom), ...attributeChecks(wish, "impersonate", "")];
    },
  },
];

const authentication = "authentication.k8s.io";

function nodeMode(
  name: string,
  applies: (node: string, requestor: UserInfo) => boolean,
): ImpersonationMode {
  return {
    name,
    checks: (wish, request, requestor) => {
      const node = nodeOf(wish);
      if (node === undefined || !hasNameOnly(wish) || !applies(node, requestor)) return undefined;
      // Whoever runs on the node may be its node; which one is settled, so it needs no name.
      const object = { resource: "nodes", name: name === "associated-node" ? "" : node };
      return [on(name, request), ask(`impersonate:${name}`, authentication, object)];
    },
  };
}

function nodeOf(wish: ImpersonationWish): string | undefined {
  const prefix = "system:node:";
  return wish.username.startsWith(prefix) ? wish.username.slice(prefix.length) : undefined;
}

function hasNameOnly(wish: ImpersonationWish): boolean {
  return wish.uid === "" && wish.groups.length === 0 && wish.extra.size === 0;
}

function attributeChecks(
  wish: ImpersonationWish,
  verb: string,
  group: string,
): readonly ImpersonationCheck[] {
  return [
    ...wish.groups.map((name) => ask(verb, group, { resource: "groups", name })),
    ...Array.from(wish.extra).flatMap(([key, values]) =>
      values.map((name) =>
        ask(verb, authentication, { resource: "userextras", subresource: key, name }),
      ),
    ),
    ...(wish.uid === "" ? [] : [ask(verb, authentication, { resource: "uids", name: wish.uid })]),
  ];
}

function on(mode: string, request: AuthorizationAttributes): ImpersonationCheck {
  return { ...request, verb: `impersonate-on:${mode}:${request.verb}` };
}

function ask(
  verb: string,
  group: string,
  object: {
    readonly resource: string;
    readonly name: string;
    readonly namespace?: string;
    readonly subresource?: string;
  },
): ImpersonationCheck {
  return {
    isResourceRequest: true,
    path: "",
    verb,
    group,
    version: "v1",
    namespace: "",
    subresource: "",
    ...object,
  };
}
