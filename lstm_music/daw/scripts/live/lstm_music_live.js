// LSTM Music for Live: fills, continues or varies the clip in the highlighted slot. Each take is a copy
// of the clip in a free slot of its track; the clip itself stays as it is. ECMAScript 5, for the object
// js of Max for Live. The server is asked by OSC, so Live never waits.

autowatch = 1
inlets = 2 // from the device's controls; from udpreceive
outlets = 2 // to udpsend; text for the display

var ROOT = "/lstm_music/"
var SLOT = "live_set view highlighted_clip_slot"
var TRACK = "live_set view selected_track"
// The server counts a note to the bar whose line is up to this much later, in quarter notes.
var EARLY = 2.5 / 96
var settings = { task: "infill", first: 5, bars: 4, takes: 3, temperature: 1 }
var job = null // {call, clip, place: {from, to}, takes: [{notes}]}
var calls = 0

function say(text) { outlet(1, "set", text) }

function send(address) {
    outlet.apply(this, [0, ROOT + address].concat(Array.prototype.slice.call(arguments, 1)))
}

function number(object, name) { return Number(object.get(name)) }

function task(name) { settings.task = String(name) }
function first(value) { settings.first = Math.round(value) }
function bars(value) { settings.bars = Math.round(value) }
function takes(value) { settings.takes = Math.round(value) }
function temperature(value) { settings.temperature = value }

// The clip of the slot, with what the server has to know of it; null where there is none.
function openClip() {
    var slot = new LiveAPI(SLOT)
    if (Number(slot.id) === 0 || number(slot, "has_clip") === 0) return null
    var clip = new LiveAPI(SLOT + " clip")
    if (number(clip, "is_midi_clip") === 0) return null
    var numerator = number(clip, "signature_numerator"), denominator = number(clip, "signature_denominator")
    var end = number(clip, "end_marker"), origin = number(clip, "start_marker")
    var notes = JSON.parse(clip.call("get_notes_extended", 0, 128, origin, end - origin)).notes
    return {
        notes: notes, origin: origin, end: end, numerator: numerator, denominator: denominator,
        bar: numerator * 4 / denominator
    }
}

function compose() {
    if (job) return say("Composing already ...")
    var clip = openClip()
    if (!clip) return say("Select a slot with a MIDI clip.")
    if (!clip.notes.length) return say("The clip has no notes.")
    calls += 1
    job = { call: "live-" + calls, clip: clip, takes: [], place: openPlace(clip) }
    send("reset")
    send("seed")
    send("seed/meter", clip.numerator, clip.denominator)
    clip.notes.forEach(function (note) {
        if (note.mute) return
        send("seed/note", 0, note.pitch, Math.max(1, Math.min(Math.round(note.velocity), 127)),
            note.start_time - clip.origin, note.duration)
    })
    request(clip)
    send("complete", job.call)
    say("Asking the server ...")
}

function request(clip) {
    send("set/n", settings.takes)
    send("set/temperature", settings.temperature)
    if (settings.task === "continue") {
        send("set/task", "generate")
        send("set/bars", settings.bars)
        return
    }
    send("set/task", settings.task)
    send("set/bars", settings.first + "-" + (settings.first + settings.bars - 1))
    if (settings.task === "vary") send("set/keep", "rhythm")
}

// The open bars in the clip's own time. A continuation begins behind the last note, wherever the
// server finds the bar line; so nothing is removed there.
function openPlace(clip) {
    if (settings.task === "continue") {
        var last = Math.max.apply(null, clip.notes.map(function (note) { return note.start_time }))
        var from = clip.origin + (Math.floor((last + EARLY - clip.origin) / clip.bar) + 1) * clip.bar
        return { from: from, to: from + settings.bars * clip.bar }
    }
    var start = clip.origin + (settings.first - 1) * clip.bar
    return { from: start, to: start + settings.bars * clip.bar }
}

// A free slot of the track below the highlighted one; a new scene where there is none.
function freeSlot() {
    var track = new LiveAPI(TRACK), here = Number(new LiveAPI(SLOT).id), passed = false
    for (var i = 0; i < track.getcount("clip_slots"); i++) {
        var slot = new LiveAPI(TRACK + " clip_slots " + i)
        if (passed && number(slot, "has_clip") === 0) return i
        if (Number(slot.id) === here) passed = true
    }
    new LiveAPI("live_set").call("create_scene", -1)
    return track.getcount("clip_slots") - 1
}

function write(take, index) {
    var at = freeSlot()
    var target = new LiveAPI(TRACK + " clip_slots " + at)
    new LiveAPI(SLOT).call("duplicate_clip_to", "id", Number(target.id))
    var copy = new LiveAPI(TRACK + " clip_slots " + at + " clip")
    var place = job.place, bar = job.clip.bar
    take.notes.forEach(function (note) {
        var line = job.clip.origin + (Math.floor((note.start_time - job.clip.origin) / bar) + 1) * bar
        place.to = Math.max(place.to, line)
    })
    if (place.to > number(copy, "end_marker")) {
        copy.set("end_marker", place.to)
        if (number(copy, "looping") === 1) copy.set("loop_end", place.to)
    }
    copy.call("remove_notes_extended", 0, 128, Math.max(place.from - EARLY, 0), place.to - place.from)
    copy.call("add_new_notes", { notes: take.notes })
    copy.set("name", settings.task + " " + (index + 1))
}

var NEWS = {
    progress: function (state) { say(state === "waiting" ? "Waiting ..." : "Composing ...") },
    take: function (index) { job.takes[index] = { notes: [] } },
    note: function (index, track, pitch, velocity, onset, duration) {
        job.takes[index].notes.push({
            pitch: pitch, start_time: onset + job.clip.origin, duration: duration, velocity: velocity
        })
    },
    done: function () {
        job.takes.forEach(write)
        say(job.takes.length + " takes in the slots below.")
        job = null
    },
    error: function (code, message) {
        job = null
        say(message)
    }
}

function cancel() { if (job) send("cancel", job.call) }

function anything() {
    var values = arrayfromargs(arguments), name = messagename.slice(ROOT.length)
    if (inlet !== 1 || !NEWS.hasOwnProperty(name)) return
    if (job && String(values[0]) === job.call) NEWS[name].apply(null, values.slice(1))
}
