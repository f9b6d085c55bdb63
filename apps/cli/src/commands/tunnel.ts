import { Command } from "commander";
import { createTunnelRevokeCommand } from "./tunnel-revoke.ts";
import { createTunnelStatusCommand } from "./tunnel-status.ts";

/** `cellplane tunnel status|revoke`. */
export function createTunnelCommand(): Command {
  return new Command("tunnel")
    .description("Look after the agents of members that can only dial out")
    .addCommand(createTunnelStatusCommand().exitOverride())
    .addCommand(createTunnelRevokeCommand().exitOverride())
    .addHelpText(
      "after",
      `
Examples:
  cellplane tunnel status
  cellplane tunnel revoke hz-a   # its agents are dropped; join it again to certify a new one`,
    );
}
