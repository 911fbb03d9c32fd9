/**
 * What the studio's page fetches from a server, answered without one: a worker composes.
 *
 * The worker answers one call after another. Nothing can stop it within a call, so whoever cancels
 * one ends the worker, and a new one starts.
 */

const NEWS_MS = 1000;
const WORKER = new URL("../../worker.js", import.meta.url);

/** @typedef {{kind: "result" | "error" | "take" | "progress", line: string}} News */

class Composer {
  constructor() {
    this.worker = new Worker(WORKER, { type: "module" });
    /** Calls wait for the one before. */
    this.turn = Promise.resolve();
  }

  /**
   * @param {string} line A call, JSON.
   * @param {(news: News) => void} tell
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<void>} When it is answered.
   */
  ask(line, tell, signal) {
    const done = this.turn.then(() => this.askNow(line, tell, signal));
    this.turn = done.catch(() => undefined);
    return done;
  }

  /**
   * @param {string} line
   * @param {(news: News) => void} tell
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<void>}
   */
  askNow(line, tell, signal) {
    return new Promise((resolve, reject) => {
      const cancelled = () => reject(new DOMException("It was cancelled", "AbortError"));
      if (signal?.aborted) {
        cancelled();
        return;
      }
      const begin = performance.now();
      const news = () => tell({ kind: "progress", line: progress(line, begin) });
      const timer = setInterval(news, NEWS_MS);
      const end = () => {
        clearInterval(timer);
        signal?.removeEventListener("abort", cancel);
      };
      const cancel = () => {
        end();
        this.worker.terminate();
        this.worker = new Worker(WORKER, { type: "module" });
        cancelled();
      };
      signal?.addEventListener("abort", cancel);
      this.worker.onerror = (event) => {
        end();
        reject(new Error(event.message || "The worker that composes could not be started"));
      };
      this.worker.onmessage = ({ data }) => {
        tell(data);
        if (data.kind === "take") return;
        end();
        resolve();
      };
      news();
      this.worker.postMessage(line);
    });
  }
}

/**
 * @param {string} line
 * @param {number} begin
 */
function progress(line, begin) {
  const { id } = JSON.parse(line);
  const seconds = (performance.now() - begin) / 1000;
  return JSON.stringify({ id, event: "progress", data: { state: "composing", seconds } });
}

const composer = new Composer();

/**
 * As `fetch`, for the addresses of docs/serve.md.
 * @param {string} path
 * @param {RequestInit} init
 * @returns {Promise<Response>}
 */
export async function reach(path, init = {}) {
  if (path === "/api/hello") return new Response(null); // the page is there, so we are
  if (path !== "/api") return new Response(null, { status: 404 });
  const line = String(init.body);
  const signal = init.signal ?? undefined;
  if (new Headers(init.headers).get("Accept") === "text/event-stream") return stream(line, signal);
  let answer = "";
  await composer.ask(line, (news) => (answer = news.line), signal);
  return new Response(answer, { headers: { "Content-Type": "application/json" } });
}

/**
 * @param {string} line
 * @param {AbortSignal | undefined} signal
 */
function stream(line, signal) {
  const coder = new TextEncoder();
  const body = new ReadableStream({
    start(controller) {
      const tell = (/** @type {News} */ news) =>
        controller.enqueue(coder.encode(`event: ${news.kind}\ndata: ${news.line}\n\n`));
      composer.ask(line, tell, signal).then(
        () => controller.close(),
        (error) => controller.error(error),
      );
    },
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
}
