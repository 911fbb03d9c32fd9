// LSTM Music for Bitwig Studio: fills, continues or varies the selected launcher clip. Each take is a
// new clip in a free slot of the track; the clip itself stays as it is. The server is asked by OSC, so
// Bitwig never waits. ECMAScript 5.

loadAPI(12)
host.setShouldFailOnDeprecatedUse(true)
host.defineController("LSTM Music", "LSTM Music", "1.0", "7b1f7a54-5d0c-4d0e-9c59-3c1f0d1f2a61", "lstm_music")

var SERVER_PORT = 8767
var OWN_PORT = 8768
var ROOT = "/lstm_music/"
var STEPS = 24 // of a quarter note, the server's grid
var WIDTH = STEPS * 4 * 32 // steps that are seen of a clip
var SLOTS = 64
var SETTLE_MS = 250 // until the cursor follows a new clip
var EMPTY = "Empty", ONSET = "NoteOn"

var track, clip, connection, setting = {}
var steps = {} // of the selected clip, by channel, step and pitch
var job = null
var calls = 0

function init() {
    track = host.createCursorTrack("LSTM_MUSIC", "LSTM Music", 0, SLOTS, true)
    clip = track.createLauncherCursorClip(WIDTH, 128)
    clip.setStepSize(1 / STEPS)
    clip.addNoteStepObserver(function (step) {
        var key = step.channel() + " " + step.x() + " " + step.y()
        if (String(step.state()) === ONSET) {
            steps[key] = {
                channel: step.channel(), x: step.x(), pitch: step.y(),
                velocity: Math.round(step.velocity() * 127), duration: step.duration()
            }
        } else {
            delete steps[key]
        }
    })
    var slots = track.clipLauncherSlotBank()
    for (var i = 0; i < SLOTS; i++) slots.getItemAt(i).hasContent().markInterested()
    makeSettings()
    var osc = host.getOscModule()
    var space = osc.createAddressSpace()
    space.registerDefaultMethod(function (source, message) { hear(message) })
    osc.createUdpServer(OWN_PORT, space)
    connection = osc.connectToUdpServer("127.0.0.1", SERVER_PORT, null)
}

function flush() {}
function exit() {}

function makeSettings() {
    var state = host.getDocumentState()
    setting.task = state.getEnumSetting("Task", "LSTM Music", ["infill", "continue", "vary"], "infill")
    setting.first = state.getNumberSetting("From bar", "LSTM Music", 1, 32, 1, "", 5)
    setting.bars = state.getNumberSetting("Bars", "LSTM Music", 1, 16, 1, "", 4)
    setting.beats = state.getNumberSetting("Quarter notes in a bar", "LSTM Music", 1, 12, 0.5, "", 4)
    setting.takes = state.getNumberSetting("Takes", "LSTM Music", 1, 8, 1, "", 3)
    for (var name in setting) setting[name].markInterested()
    state.getSignalSetting("Compose", "LSTM Music", "Compose").addSignalObserver(compose)
}

function whole(name) { return Math.round(setting[name].getRaw()) }

function send(address) {
    var values = Array.prototype.slice.call(arguments, 1)
    connection.sendMessage.apply(connection, [ROOT + address].concat(values))
}

function notesOfClip() {
    return Object.keys(steps).map(function (key) { return steps[key] })
}

function compose() {
    var notes = notesOfClip()
    if (job) return host.showPopupNotification("LSTM Music is composing already")
    if (!notes.length) return host.showPopupNotification("Select a launcher clip with notes")
    calls += 1
    var quarters = setting.beats.getRaw()
    job = { call: "bitwig-" + calls, notes: notes, takes: [], quarters: quarters }
    job.task = String(setting.task.get())
    job.place = openPlace(notes, quarters)
    send("reset")
    send("seed")
    send("seed/meter", Math.round(quarters * 2), 8)
    notes.forEach(function (note) {
        send("seed/note", 0, note.pitch, Math.max(note.velocity, 1), note.x / STEPS, note.duration)
    })
    ask(job.task)
    send("complete", job.call)
    host.showPopupNotification("LSTM Music is composing ...")
}

function ask(task) {
    var first = whole("first"), bars = whole("bars")
    send("set/n", whole("takes"))
    send("set/task", task === "continue" ? "generate" : task)
    send("set/bars", task === "continue" ? String(bars) : first + "-" + (first + bars - 1))
    if (task === "vary") send("set/keep", "rhythm")
}

// The open bars, in quarter notes.
function openPlace(notes, quarters) {
    var from = (whole("first") - 1) * quarters
    if (job.task === "continue") {
        var last = Math.max.apply(null, notes.map(function (note) { return note.x / STEPS }))
        from = (Math.floor(last / quarters) + 1) * quarters
    }
    return { from: from, to: from + whole("bars") * quarters }
}

var NEWS = {
    take: function (message) { job.takes[message.getInt(1)] = [] },
    note: function (message) {
        job.takes[message.getInt(1)].push({
            channel: 0, pitch: message.getInt(3), velocity: message.getInt(4),
            x: Math.round(message.getFloat(5) * STEPS), duration: message.getFloat(6)
        })
    },
    done: function () { writeNext(0) },
    error: function (message) {
        host.showPopupNotification("LSTM Music: " + message.getString(2))
        job = null
    }
}

function hear(message) {
    var name = String(message.getAddressPattern()).slice(ROOT.length)
    if (!job || !NEWS.hasOwnProperty(name)) return
    if (String(message.getString(0)) === job.call) NEWS[name](message)
}

function freeSlot() {
    var slots = track.clipLauncherSlotBank()
    for (var i = 0; i < SLOTS; i++) {
        if (!slots.getItemAt(i).hasContent().get()) return i
    }
    return -1
}

// A new clip is selected when it is made, and the cursor follows a little later.
function writeNext(index) {
    if (index === job.takes.length) {
        host.showPopupNotification(index + " takes in new clips")
        job = null
        return
    }
    var slot = freeSlot()
    if (slot < 0) {
        host.showPopupNotification("LSTM Music: no slot of the first " + SLOTS + " is free")
        job = null
        return
    }
    var end = job.place.to
    job.notes.concat(job.takes[index]).forEach(function (note) {
        end = Math.max(end, (Math.floor(note.x / STEPS / job.quarters) + 1) * job.quarters)
    })
    track.createNewLauncherClip(slot, Math.ceil(end))
    host.scheduleTask(function () {
        var from = job.place.from * STEPS, to = job.place.to * STEPS
        var kept = job.notes.filter(function (note) { return note.x < from || note.x >= to })
        kept.concat(job.takes[index]).forEach(function (note) {
            clip.setStep(note.channel, note.x, note.pitch, note.velocity, note.duration)
        })
        writeNext(index + 1)
    }, SETTLE_MS)
}
