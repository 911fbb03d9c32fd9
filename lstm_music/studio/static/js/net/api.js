/** Calls to the server: one JSON object there, one answer or a stream of events back. */

import { reach } from "./reach.js";

const API = "/api";

/** The server's answer was an error, or it did not answer (code "lost"). */
export class ApiError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/**
 * @param {string} method
 * @param {object} params
 * @param {{accept?: string, signal?: AbortSignal}} more
 */
async function post(method, params, more) {
  try {
    return await reach(API, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: more.accept ?? "application/json" },
      body: JSON.stringify({ id: 1, method, params }),
      signal: more.signal,
    });
  } catch (error) {
    throw lost(error);
  }
}

/** @param {unknown} error */
function lost(error) {
  if (error instanceof DOMException && error.name === "AbortError") return error;
  return new ApiError("lost", "The server does not answer. Start it again: lstm-music studio");
}

/**
 * One call and its result.
 * @param {string} method
 * @param {object} params
 * @returns {Promise<any>}
 */
export async function call(method, params = {}) {
  const response = await post(method, params, {});
  let answer;
  try {
    answer = await response.json();
  } catch (error) {
    throw lost(error);
  }
  if (answer.error) throw new ApiError(answer.error.code, answer.error.message);
  return answer.result;
}

/**
 * Compose; takes and progress come as they are ready.
 * @param {object} params
 * @param {(kind: string, data: any) => void} onNews "take" or "progress".
 * @param {AbortSignal} signal Cancels it, on the server, too.
 * @returns {Promise<any>} The result.
 */
export async function compose(params, onNews, signal) {
  const accept = "text/event-stream";
  const response = await post("complete", { ...params, events: true }, { accept, signal });
  if (!response.body) throw lost(null);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read().catch((error) => Promise.reject(lost(error)));
    if (done) throw lost(null); // the last event is always a result or an error
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const data = block.slice(block.indexOf("data: ") + "data: ".length);
      const line = JSON.parse(data);
      if (line.error) throw new ApiError(line.error.code, line.error.message);
      if ("result" in line) return line.result;
      onNews(line.event, line.data);
    }
  }
}

/**
 * Bytes in base64.
 * @param {ArrayBuffer} bytes
 */
export function toBase64(bytes) {
  const all = new Uint8Array(bytes);
  let text = "";
  for (let i = 0; i < all.length; i += 0x8000) {
    text += String.fromCharCode(...all.subarray(i, i + 0x8000));
  }
  return btoa(text);
}

/**
 * The bytes of base64.
 * @param {string} text
 */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
}
