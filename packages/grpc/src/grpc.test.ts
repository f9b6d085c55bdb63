import { describeGrpc } from "./grpc.suite.ts";
import { openGrpcJsClient, openGrpcJsServer } from "./suite/grpc-js-peers.suite.ts";
import { openOwnClient, openOwnServer } from "./suite/own-peers.suite.ts";

describeGrpc("our client and our server", async () => {
  const server = await openOwnServer();
  return { server, client: openOwnClient(server.target) };
});

describeGrpc("our client and a grpc-js server", async () => {
  const server = await openGrpcJsServer();
  return { server, client: openOwnClient(server.target) };
});

describeGrpc("a grpc-js client and our server", async () => {
  const server = await openOwnServer();
  return { server, client: openGrpcJsClient(server.target) };
});

// A server that takes other streams, too, has Node's HTTP/2.
describeGrpc("our client and our server on Node's HTTP/2", async () => {
  const server = await openOwnServer({ onStream: () => false });
  return { server, client: openOwnClient(server.target) };
});

describeGrpc("a grpc-js client and our server on Node's HTTP/2", async () => {
  const server = await openOwnServer({ onStream: () => false });
  return { server, client: openGrpcJsClient(server.target) };
});
