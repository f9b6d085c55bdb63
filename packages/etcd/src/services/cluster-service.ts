import {
  authStatusResponse,
  empty,
  headerOnly,
  memberIdRequest,
  memberListResponse,
} from "@cellplane/etcd-api";
import type { GrpcHandler } from "@cellplane/grpc";
import type { EtcdContext } from "../context/etcd-context.ts";
import { type EtcdText, etcdError } from "../context/etcd-error.ts";
import { answer } from "./answer.ts";

const memberChanges = ["MemberRemove", "MemberUpdate", "MemberPromote"];

const authCalls = [
  "AuthEnable",
  "AuthDisable",
  "Authenticate",
  "UserAdd",
  "UserGet",
  "UserDelete",
  "UserChangePassword",
  "UserGrantRole",
  "UserRevokeRole",
  "RoleAdd",
  "RoleGet",
  "RoleDelete",
  "RoleGrantPermission",
  "RoleRevokePermission",
];

/** `etcdserverpb.Cluster` and `etcdserverpb.Auth`: one member that is the leader, and no users. */
export function createClusterService(context: EtcdContext): readonly GrpcHandler[] {
  const { memberId: id, clientUrls } = context;
  const self = { id, name: "cellplane", peerUrls: [], clientUrls, isLearner: false };
  return [
    answer("Cluster/MemberList", { request: empty, response: memberListResponse }, async () => ({
      header: await context.headerNow(),
      members: [self],
    })),
    answer("Auth/AuthStatus", { request: empty, response: authStatusResponse }, async () => ({
      header: await context.headerNow(),
      enabled: false,
      authRevision: 1,
    })),
    // Nobody is in the lists of users and roles.
    ...["Auth/UserList", "Auth/RoleList"].map((path) =>
      answer(path, { request: empty, response: headerOnly }, async () => ({
        header: await context.headerNow(),
      })),
    ),
    refuse("Cluster/MemberAdd", "not capable"),
    ...memberChanges.map((name) =>
      answer(
        `Cluster/${name}`,
        { request: memberIdRequest, response: headerOnly },
        async (wire) => {
          throw etcdError(wire.id === id ? "not capable" : "member not found");
        },
      ),
    ),
    ...authCalls.map((name) => refuse(`Auth/${name}`, "authentication is not enabled")),
  ];
}

function refuse(path: string, text: EtcdText): GrpcHandler {
  return answer(path, { request: empty, response: headerOnly }, async () => {
    throw etcdError(text);
  });
}
