import { once } from "node:events";
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { createKmsPluginServer, KeyFile, KmsError } from "@cellplane/kms";
import { createLogger } from "../kubernetes-api/create-logger.ts";
import { ServerError } from "../options/server-error.ts";

const graceMs = 5000;

/** Runs the reference KMS plug-in until SIGTERM or SIGINT. */
export async function runKmsPlugin(options: {
  readonly keyFile: string;
  readonly listen: string;
}): Promise<void> {
  const path = /^unix:\/\/(?<path>\/.+)$/.exec(options.listen)?.groups?.["path"];
  if (path === undefined) {
    throw new ServerError(
      `Cannot listen as --listen must be unix:///PATH: it is "${options.listen}"`,
    );
  }
  const logger = createLogger("info", "kms");
  await using key = openKeyFile(options.keyFile);
  await removeStaleSocket(path);
  const server = createKmsPluginServer(key, (err, call) =>
    logger.error({ err, ...call }, "call failed"),
  );
  await listen(server, path);
  process.stdout.write(`KMS plug-in ready at ${options.listen}, key ${await key.currentKeyId()}\n`);
  await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  await server.close(graceMs);
}

function openKeyFile(file: string): KeyFile {
  try {
    return new KeyFile(file);
  } catch (error) {
    if (error instanceof KmsError) throw new ServerError(error.message, { cause: error });
    throw error;
  }
}

async function listen(
  server: ReturnType<typeof createKmsPluginServer>,
  path: string,
): Promise<void> {
  try {
    await server.listen({ path });
    // Whoever can talk to it can decrypt.
    chmodSync(path, 0o600);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw new ServerError(`Cannot listen on "${path}": ${code}`, { cause: error });
  }
}

/** A plug-in that was killed leaves its socket; one that runs is left alone, and listening fails. */
async function removeStaleSocket(path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  const socket = connect({ path });
  try {
    await once(socket, "connect");
  } catch {
    unlinkSync(path);
  } finally {
    socket.destroy();
  }
}
