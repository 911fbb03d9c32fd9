/**
 * Composes: Python in WebAssembly, and the package in it. It takes a call as a line of JSON and
 * answers with `{kind, line}`: any number of takes, then one result or error (docs/serve.md).
 */

import { loadPyodide } from "./pyodide/pyodide.mjs";

const START = `
import json
from lstm_music.serve.local import Local

local = Local()

def answer(line, send):
    def tell(kind, line):
        send(kind, line.decode())
    line = local.answer(line.encode(), lambda take: tell("take", take))
    tell("error" if "error" in json.loads(line) else "result", line)

answer
`;

async function start() {
  const packages = fetch(new URL("packages.zip", import.meta.url));
  const pyodide = await loadPyodide({ indexURL: new URL("pyodide/", import.meta.url).href });
  const response = await packages;
  if (!response.ok) throw new Error(`packages.zip: ${response.status} ${response.statusText}`);
  pyodide.unpackArchive(await response.arrayBuffer(), "wheel");
  return pyodide.runPython(START);
}

const ready = start();

/** @param {string} line */
async function answerTo(line) {
  const answer = await ready;
  answer(line, (/** @type {string} */ kind, /** @type {string} */ one) => {
    self.postMessage({ kind, line: one });
  });
}

self.onmessage = ({ data }) => {
  answerTo(data).catch((error) => {
    const { id } = JSON.parse(data);
    const message = `Python cannot run in this browser: ${error}`;
    self.postMessage({
      kind: "error",
      line: JSON.stringify({ id, error: { code: "internal", message } }),
    });
  });
};
