"use strict";
// The object js of Max, with udpsend and udpreceive, and Live's object model as far as our scripts see it.
// Sources: https://docs.cycling74.com/legacy/max8/vignettes/jsglobal (globals, arrayfromargs, outlet, post),
// .../vignettes/jsliveapi (LiveAPI: id, get, set, call, getcount) and .../vignettes/live_object_model
// (ClipSlot, Clip, Track, Song: names, arguments). Every name and argument is checked.
// node max.js SCRIPT PORT REPLY < scenario > what has become of it

const dgram = require("dgram");
const fs = require("fs");
const vm = require("vm");
const osc = require("./osc.js");

const scenario = JSON.parse(fs.readFileSync(0, "utf8"));
const [script, port, reply] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const socket = dgram.createSocket("udp4");
const out = { outlets: [], posts: [] };
let lastId = 0;

// --- Live ---
// Properties: https://docs.cycling74.com/apiref/lom/clip, .../clipslot, .../track, .../song (Live 12).
const FIELDS = {
  Clip: {
    is_midi_clip: "r", end_marker: "rw", start_marker: "rw", loop_end: "rw", looping: "rw", name: "rw",
    signature_numerator: "rw", signature_denominator: "rw",
  },
  ClipSlot: { has_clip: "r" },
  Track: { name: "rw" },
  Song: { tempo: "rw" },
};
function makeClip(given) {
  const notes = given.notes.map((note, i) => ({ note_id: i, probability: 1, mute: 0, ...note }));
  return {
    type: "Clip", id: ++lastId, is_midi_clip: 1, start_marker: 0, looping: 1, loop_end: given.end_marker,
    signature_numerator: 4, signature_denominator: 4, envelope: "volume", ...given, notes,
  };
}
function makeSlot(clip) {
  return { type: "ClipSlot", id: ++lastId, clip: clip ? makeClip(clip) : null };
}
const song = { type: "Song", id: ++lastId, tempo: 120, tracks: [] };
for (const slots of scenario.tracks || []) {
  song.tracks.push({ type: "Track", id: ++lastId, name: "", clip_slots: slots.map(makeSlot) });
}
const highlighted = scenario.highlighted || [0, 0];

// Canonical paths of the same pages; Song.View: .../lom/song_view (selected_track, highlighted_clip_slot).
function at(path) {
  const words = path.split(" ");
  if (words.shift() !== "live_set") throw new Error(`no path ${path}`);
  let object = song;
  while (words.length && object) {
    const word = words.shift();
    if (word === "view") {
      const what = words.shift();
      const track = song.tracks[highlighted[0]];
      if (what === "selected_track") object = track;
      else if (what === "highlighted_clip_slot") object = track.clip_slots[highlighted[1]];
      else throw new Error(`Song.View has no ${what}`);
    } else if (word === "clip_slots" && object.type === "Track") object = object.clip_slots[words.shift()];
    else if (word === "clip" && object.type === "ClipSlot") object = object.clip;
    else throw new Error(`${object.type} has no ${word}`);
  }
  return object || null;
}

function isNumbers(values, n) {
  return values.length === n && values.every((value) => typeof value === "number" && Number.isFinite(value));
}
const METHODS = {
  Clip: {
    // .../lom/clip, get_notes_extended: from_pitch [int], pitch_span [int], from_time [float], time_span [float]
    get_notes_extended(clip, values) {
      if (!isNumbers(values, 4)) throw new TypeError("from_pitch, pitch_span, from_time, time_span");
      const [low, span, from, time] = values;
      const found = clip.notes.filter(
        (n) => n.pitch >= low && n.pitch < low + span && n.start_time >= from && n.start_time < from + time
      );
      return JSON.stringify({ notes: found });
    },
    // .../lom/clip, remove_notes_extended: the same four
    remove_notes_extended(clip, values) {
      if (!isNumbers(values, 4)) throw new TypeError("from_pitch, pitch_span, from_time, time_span");
      const gone = new Set(JSON.parse(METHODS.Clip.get_notes_extended(clip, values)).notes.map((n) => n.note_id));
      clip.notes = clip.notes.filter((note) => !gone.has(note.note_id));
    },
    // .../lom/clip, add_new_notes: a dictionary with "notes", each with pitch, start_time, duration; velocity and more
    add_new_notes(clip, [given, ...more]) {
      if (more.length) throw new TypeError("add_new_notes takes one dictionary");
      for (const note of given.notes) {
        const { pitch, start_time, duration, velocity } = note;
        if (!isNumbers([pitch, start_time, duration, velocity], 4)) throw new TypeError(JSON.stringify(note));
        if (!Number.isInteger(pitch) || pitch < 0 || pitch > 127 || start_time < 0 || duration <= 0) {
          throw new RangeError(JSON.stringify(note));
        }
        clip.notes.push({ note_id: ++lastId, probability: 1, mute: 0, pitch, start_time, duration, velocity });
      }
    },
  },
  ClipSlot: {
    // .../lom/clipslot, duplicate_clip_to: target_clip_slot, a ClipSlot
    duplicate_clip_to(slot, [word, id, ...more]) {
      const target = song.tracks.flatMap((track) => track.clip_slots).find((one) => one.id === id);
      if (word !== "id" || !target || more.length) throw new TypeError("duplicate_clip_to takes a ClipSlot");
      target.clip = { ...JSON.parse(JSON.stringify(slot.clip)), id: ++lastId };
    },
  },
  Song: {
    // .../lom/song, create_scene: index
    create_scene(_, values) {
      if (!isNumbers(values, 1)) throw new TypeError("create_scene takes an index");
      for (const track of song.tracks) track.clip_slots.push(makeSlot(null));
    },
  },
  Track: {},
};

// .../legacy/max8/vignettes/jsliveapi: constructor of a path, id, get, set, call, getcount
class LiveAPI {
  constructor(path) {
    if (typeof path !== "string") throw new TypeError("LiveAPI takes a path");
    this.object = at(path);
    this.id = String(this.object ? this.object.id : 0);
  }
  get(name) {
    const access = FIELDS[this.object.type][name];
    if (!access) throw new Error(`${this.object.type} has no property ${name}`);
    if (name === "has_clip") return [this.object.clip ? 1 : 0];
    return [this.object[name]];
  }
  set(name, value) {
    if (FIELDS[this.object.type][name] !== "rw") throw new Error(`${this.object.type}.${name} cannot be set`);
    this.object[name] = value;
  }
  call(name, ...values) {
    const method = METHODS[this.object.type][name];
    if (!method) throw new Error(`${this.object.type} has no function ${name}`);
    return method(this.object, values);
  }
  getcount(name) {
    if (this.object.type !== "Track" || name !== "clip_slots") throw new Error(`no list ${name}`);
    return this.object.clip_slots.length;
  }
}

// --- the object js ---
// .../legacy/max8/vignettes/jsglobal: inlet, messagename, inlets, outlets, autowatch, arrayfromargs, post, outlet
const box = {
  inlet: 0, messagename: "", inlets: 1, outlets: 1, autowatch: 0, LiveAPI,
  arrayfromargs: (...given) => given.flatMap((one) => (one && one.length !== undefined && typeof one !== "string" ? Array.from(one) : [one])),
  post: (...words) => out.posts.push(words.join(" ")),
  outlet(index, ...values) {
    if (!(index >= 0 && index < box.outlets)) throw new RangeError(`outlet ${index} of ${box.outlets}`);
    const list = values.length === 1 && Array.isArray(values[0]) ? values[0] : values;
    out.outlets.push([index, ...list]);
    if (index === 0) socket.send(osc.encode(list[0], list.slice(1)), port, "127.0.0.1");
  },
};
vm.createContext(box);
vm.runInContext(fs.readFileSync(script, "utf8"), box, { filename: script });

function message(inlet, name, values) {
  box.inlet = inlet;
  box.messagename = name;
  const own = Object.prototype.hasOwnProperty.call(box, name) && typeof box[name] === "function";
  const longest = process.hrtime.bigint();
  (own && name !== "outlet" ? box[name] : box.anything)(...values);
  return longest;
}

function finish() {
  socket.close();
  const tracks = song.tracks.map((track) => track.clip_slots.map((slot) => slot.clip));
  process.stdout.write(JSON.stringify({ ...out, tracks, inlets: box.inlets, counts: box.outlets }));
  process.exit(0);
}

const ended = new RegExp(scenario.until || "takes in the slots|^error|^done");
const late = setTimeout(() => { process.stderr.write(JSON.stringify(out.outlets.slice(-5))); process.exit(1); }, 60000);
late.unref();
function look() {
  const told = out.outlets.filter((one) => one[0] > 0).map((one) => one.slice(1).join(" ").replace(/^set /, ""));
  if (told.some((line) => ended.test(line))) finish();
}
socket.on("message", (bytes) => {
  for (const { address, values } of osc.decode(bytes)) message(1, address, values);
  look();
});
socket.bind(reply, "127.0.0.1", () => {
  for (const [name, ...values] of scenario.messages) message(0, name, values);
  look();
});
