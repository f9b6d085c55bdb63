import type { WireWriter } from "../codec/wire-writer.ts";
import { errorCodes, Http2Error } from "./http2-error.ts";
import {
  defaultMaxFrameBytes,
  frameTypes,
  patchFrameLength,
  settingIds,
  writeFrameHead,
} from "./frames.ts";

/** What the peer has said that it wants. */
export interface PeerSettings {
  readonly headerTableBytes?: number;
  readonly initialWindowBytes?: number;
  readonly maxFrameBytes?: number;
}

const settingBytes = 6;
const maxFrameBytesEver = 16_777_215;

/** Reads a SETTINGS frame's payload. @throws {Http2Error} */
export function readSettings(payload: Buffer): PeerSettings {
  if (payload.length % settingBytes !== 0) {
    throw new Http2Error(errorCodes.frameSize, "Cannot read settings as they are cut short");
  }
  let settings: PeerSettings = {};
  for (let at = 0; at < payload.length; at += settingBytes) {
    const value = payload.readUInt32BE(at + 2);
    settings = { ...settings, ...readSetting(payload.readUInt16BE(at), value) };
  }
  return settings;
}

function readSetting(id: number, value: number): PeerSettings {
  switch (id) {
    case settingIds.headerTableSize:
      return { headerTableBytes: value };
    case settingIds.initialWindowSize:
      if (value > 0x7fff_ffff) {
        throw new Http2Error(errorCodes.flowControl, `Cannot use a window of ${value} bytes`);
      }
      return { initialWindowBytes: value };
    case settingIds.maxFrameSize:
      if (value < defaultMaxFrameBytes || value > maxFrameBytesEver) {
        throw new Http2Error(errorCodes.protocol, `Cannot use frames of ${value} bytes`);
      }
      return { maxFrameBytes: value };
    case settingIds.enablePush:
      if (value > 1) throw new Http2Error(errorCodes.protocol, `Cannot push ${value}`);
      return {};
    default:
      return {};
  }
}

/** Appends a SETTINGS frame. */
export function writeSettings(
  to: WireWriter,
  settings: readonly (readonly [id: number, value: number])[],
): void {
  const start = to.length;
  writeFrameHead(to, { type: frameTypes.settings, flags: 0, streamId: 0, length: 0 });
  for (const [id, value] of settings) {
    to.byte(0);
    to.byte(id);
    to.uint32(value);
  }
  patchFrameLength(to, start, frameTypes.settings);
}
