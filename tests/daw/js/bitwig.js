"use strict";
// Bitwig Studio as far as our controller script sees it. Every name and argument is checked; a value that was not
// marked as interesting in init() cannot be read.
// Source: the Control Surface API as npm typed-bitwig-api 17.0.1 declares it (bitwig-api.d.ts, made from Bitwig's own
// documentation, Help > Documentation > Developer Resources). Beside each thing stand the interface and its arguments.
// node bitwig.js SCRIPT PORT REPLY < scenario > what has become of it

const dgram = require("dgram");
const fs = require("fs");
const vm = require("vm");
const osc = require("./osc.js");

const scenario = JSON.parse(fs.readFileSync(0, "utf8"));
const [script, port, reply] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const out = { shown: [], slots: [] };
const slots = scenario.slots.map((notes) => (notes ? { notes, beats: 32 } : null));
let selected = scenario.selected;
let isInit = true;
let onCompose = null;
let onStep = null;
let grid = null;
let socket = null;

// A thing with these methods alone; args: n number, i whole number, s text, b boolean, f function, a list, x any.
const FITS = {
  n: (v) => typeof v === "number" && Number.isFinite(v), i: Number.isInteger, s: (v) => typeof v === "string",
  b: (v) => typeof v === "boolean", f: (v) => typeof v === "function", a: Array.isArray, x: () => true,
};
function thing(name, methods) {
  const made = {};
  for (const [method, [types, body]] of Object.entries(methods)) {
    made[method] = (...values) => {
      const wrong = values.length !== types.length || values.some((v, i) => !FITS[types[i]](v));
      if (wrong) throw new TypeError(`${name}.${method}(${types}) got ${JSON.stringify(values)}`);
      return body(...values);
    };
  }
  return new Proxy(made, {
    get(target, key) {
      if (typeof key === "string" && !(key in target)) throw new Error(`${name} has no method ${key}`);
      return target[key];
    },
  });
}
function only(what) {
  if (!isInit) throw new Error(`${what} can be called in init() alone`);
}
// Value: markInterested(). EnumValue and BooleanValue: get(). RangedValue: getRaw().
function value(name, read, more = {}) {
  let interesting = false;
  const get = () => {
    if (!interesting) throw new Error(`${name}: markInterested() was not called`);
    return read();
  };
  const mark = () => { only("markInterested"); interesting = true; };
  return thing(name, { markInterested: ["", mark], get: ["", get], getRaw: ["", get], ...more });
}
const marked = new Map();
function kept(name, make) {
  if (!marked.has(name)) marked.set(name, make());
  return marked.get(name);
}

// NoteStep: channel(), x(), y(), velocity() from 0 to 1, duration(), state() of NoteStep.State.
function step(note, state) {
  return thing("NoteStep", {
    channel: ["", () => note.channel || 0], x: ["", () => note.x], y: ["", () => note.y],
    velocity: ["", () => note.velocity / 127], duration: ["", () => note.duration], state: ["", () => state],
  });
}
function show(state) {
  for (const note of (slots[selected] || { notes: [] }).notes) onStep(step(note, state));
}
// The cursor follows the selection a moment later.
function select(index) {
  setTimeout(() => { show("Empty"); selected = index; show("NoteOn"); }, 30);
}

// Clip: setStepSize(lengthInBeatTime), addNoteStepObserver(callback),
// setStep(channel, x, y, insertVelocity, insertDuration).
const clip = thing("Clip", {
  setStepSize: ["n", (size) => { if (Math.abs(size - 1 / 24) > 1e-9) throw new Error("step size"); }],
  addNoteStepObserver: ["f", (f) => { only("addNoteStepObserver"); onStep = f; }],
  setStep: ["iiiin", (channel, x, y, velocity, duration) => {
    if (x < 0 || x >= grid[0] || y < 0 || y >= grid[1] || velocity < 1 || velocity > 127 || duration <= 0) {
      throw new RangeError(JSON.stringify([channel, x, y, velocity, duration]));
    }
    slots[selected].notes.push({ channel, x, y, velocity, duration });
  }],
});
// ClipLauncherSlotBank, a Bank: getItemAt(index). ClipLauncherSlot: hasContent(), a BooleanValue.
const bank = thing("ClipLauncherSlotBank", {
  getItemAt: ["i", (i) => thing("ClipLauncherSlot", {
    hasContent: ["", () => kept(`slot ${i}`, () => value(`slot ${i}`, () => Boolean(slots[i])))],
  })],
});
// CursorTrack: createLauncherCursorClip(gridWidth, gridHeight). Track: clipLauncherSlotBank(),
// createNewLauncherClip(slotIndex, lengthInBeats).
const track = thing("CursorTrack", {
  createLauncherCursorClip: ["ii", (width, height) => { only("createLauncherCursorClip"); grid = [width, height]; return clip; }],
  clipLauncherSlotBank: ["", () => bank],
  createNewLauncherClip: ["ii", (slot, beats) => {
    if (slots[slot]) throw new Error("the slot is taken: Bitwig would append a scene");
    slots[slot] = { notes: [], beats };
    select(slot);
  }],
});
// DocumentState, which is Settings: getEnumSetting(label, category, options, initialValue),
// getNumberSetting(label, category, minValue, maxValue, stepResolution, unit, initialValue),
// getSignalSetting(label, category, action). Signal: addSignalObserver(callback).
function setting(label, initial) {
  const given = scenario.settings && label in scenario.settings ? scenario.settings[label] : initial;
  return value(label, () => given);
}
const state = thing("DocumentState", {
  getEnumSetting: ["ssas", (label, _, options, initial) => {
    const one = setting(label, initial);
    if (!options.includes(initial)) throw new Error(`${label}: ${initial}`);
    return one;
  }],
  getNumberSetting: ["ssnnnsn", (label, _category, low, high, _step, _unit, initial) => {
    if (initial < low || initial > high) throw new RangeError(label);
    return setting(label, initial);
  }],
  getSignalSetting: ["sss", () => thing("Signal", { addSignalObserver: ["f", (f) => { onCompose = f; }] })],
});
// OscMessage: getAddressPattern(), getInt(index), getFloat(index), getString(index).
function messageOf({ address, values, types }) {
  const typed = (wanted) => (i) => {
    if (!wanted.includes(types[i])) throw new TypeError(`${address}: argument ${i} is ${types[i]}`);
    return values[i];
  };
  return thing("OscMessage", {
    getAddressPattern: ["", () => address], getInt: ["i", typed("i")], getFloat: ["i", typed("f")],
    getString: ["i", (i) => (types[i] === "s" ? values[i] : null)],
  });
}
// OscModule: createAddressSpace(), createUdpServer(port, addressSpace), connectToUdpServer(host, port, addressSpace).
// OscAddressSpace: registerDefaultMethod(callback of source and message). OscConnection: sendMessage(address, ...args).
const module_ = thing("OscModule", {
  createAddressSpace: ["", () => {
    const made = thing("OscAddressSpace", { registerDefaultMethod: ["f", (f) => { made.heard_(f); }], heard_: ["f", (f) => { module_.f = f; }] });
    return made;
  }],
  createUdpServer: ["ix", () => {
    only("createUdpServer");
    socket = dgram.createSocket("udp4");
    socket.on("message", (bytes) => osc.decode(bytes).forEach((one) => module_.f({}, messageOf(one))));
    socket.bind(reply, "127.0.0.1");
  }],
  connectToUdpServer: ["six", () => {
    only("connectToUdpServer");
    return { sendMessage: (address, ...values) => socket.send(osc.encode(address, values), port, "127.0.0.1") };
  }],
});
// ControllerHost: loadAPI(version), setShouldFailOnDeprecatedUse(value), defineController(vendor, name, version, uuid,
// author), createCursorTrack(id, name, numSends, numScenes, shouldFollowSelection), getDocumentState(),
// showPopupNotification(text), scheduleTask(callback, delay). Host: getOscModule().
const host = thing("ControllerHost", {
  setShouldFailOnDeprecatedUse: ["b", () => {}],
  defineController: ["sssss", () => {}],
  createCursorTrack: ["ssiib", () => { only("createCursorTrack"); return track; }],
  getDocumentState: ["", () => state],
  getOscModule: ["", () => module_],
  showPopupNotification: ["s", (text) => { out.shown.push(text); }],
  scheduleTask: ["fn", (f, ms) => { setTimeout(f, ms); }],
});

const box = { loadAPI: (version) => { if (version !== 12) throw new Error("API"); }, host };
vm.createContext(box);
vm.runInContext(fs.readFileSync(script, "utf8"), box, { filename: script });
box.init();
isInit = false;
show("NoteOn");
setTimeout(onCompose, 200);
const ended = new RegExp(scenario.until || "takes in new clips|LSTM Music: |Select a launcher");
const late = Date.now() + 60000;
setInterval(() => {
  if (Date.now() > late) throw new Error(`nothing came: ${out.shown}`);
  if (!out.shown.some((text) => ended.test(text))) return;
  process.stdout.write(JSON.stringify({ shown: out.shown, slots }));
  process.exit(0);
}, 20);
