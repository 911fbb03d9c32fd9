// Between MuseScore's score and the server's music. Loaded by QML, so it sees MuseScore's names
// (curScore, Element, division, removeElement). Plain ECMAScript 5, for MuseScore 3 and 4.

var SIXTEENTHS = 4 // of a quarter note: the grid that is asked of the server
var LONGEST_FIRST = [16, 12, 8, 6, 4, 3, 2, 1] // sixteenths that are one note, dotted or not

// Bars as {tick, ticks, numerator, denominator}.
function barsOf(score) {
    var bars = []
    for (var measure = score.firstMeasure; measure; measure = measure.nextMeasure) {
        var time = measure.timesigActual
        bars.push({
            tick: measure.firstSegment.tick,
            ticks: division * 4 * time.numerator / time.denominator,
            numerator: time.numerator, denominator: time.denominator
        })
    }
    return bars
}

function tracksOf(score) {
    var tracks = []
    for (var i = 0; i < score.parts.length; i++) {
        var part = score.parts[i]
        for (var track = part.startTrack; track < part.endTrack; track += 4) {
            tracks.push({
                name: String(part.partName || part.longName || ""),
                program: Math.max(part.midiProgram, 0), is_drum: part.hasDrumStaff
            })
        }
    }
    return tracks
}

// Calls visit(element, tick) for each chord and rest of a voice.
function eachElement(score, staff, voice, visit) {
    var cursor = score.newCursor()
    cursor.staffIdx = staff
    cursor.voice = voice
    cursor.rewind(0)
    for (; cursor.segment; cursor.next()) {
        if (cursor.element) visit(cursor.element, cursor.tick)
    }
}

function isChord(element) { return element.type === Element.CHORD }

function notesOfStaff(score, staff, notes) {
    for (var voice = 0; voice < 4; voice++) {
        var tied = {} // the note that a tie prolongs, by pitch
        eachElement(score, staff, voice, function (element, tick) {
            if (!isChord(element)) return
            var quarters = element.duration.ticks / division
            for (var i = 0; i < element.notes.length; i++) {
                var note = element.notes[i]
                if (note.tieBack && tied[note.pitch]) {
                    tied[note.pitch].duration_quarters += quarters
                    continue
                }
                tied[note.pitch] = {
                    track: staff, pitch: note.pitch,
                    onset_quarters: tick / division, duration_quarters: quarters
                }
                notes.push(tied[note.pitch])
            }
        })
    }
}

function changes(bars, shown) {
    var list = [], before = ""
    bars.forEach(function (bar) {
        var change = shown(bar), key = JSON.stringify(change)
        if (key === before) return
        before = key
        change.onset_quarters = bar.tick / division
        list.push(change)
    })
    return list
}

// The whole score, as the server takes it.
function seedOf(score) {
    var notes = [], tracks = tracksOf(score), bars = barsOf(score)
    for (var staff = 0; staff < tracks.length; staff++) notesOfStaff(score, staff, notes)
    var cursor = score.newCursor()
    cursor.rewind(0)
    var meters = changes(bars, function (bar) {
        return { numerator: bar.numerator, denominator: bar.denominator }
    })
    return { piece: {
        notes: notes, tracks: tracks, meters: meters,
        tempos: [{ onset_quarters: 0, tempo_bpm: cursor.tempo * 60 }]
    } }
}

// The selection as {from, to} in ticks and {first, last} staff; null where there is none.
function selectionOf(score) {
    var cursor = score.newCursor()
    cursor.rewind(1)
    if (!cursor.segment) return null
    var found = { from: cursor.tick, first: cursor.staffIdx }
    cursor.rewind(2)
    var bars = barsOf(score), last = bars[bars.length - 1]
    found.to = cursor.tick === 0 ? last.tick + last.ticks : cursor.tick
    found.last = cursor.staffIdx
    return found
}

// A selection as the server names it: {bars: "5-8", tracks: [1]}.
function placesOf(score, selection) {
    var first = 0, last = 0, tracks = []
    barsOf(score).forEach(function (bar, i) {
        if (bar.tick + bar.ticks <= selection.from || bar.tick >= selection.to) return
        first = first || i + 1
        last = i + 1
    })
    for (var staff = selection.first; staff <= selection.last; staff++) tracks.push(staff + 1)
    return { bars: first + "-" + last, tracks: tracks }
}

function onGrid(quarters) { return Math.round(quarters * SIXTEENTHS) }

// What is written into one voice from one sixteenth to another, bar by bar: chords, and rests as
// chords without pitches. A note ends where the next one begins, and at the bar line.
function figures(notes, from, to, barLines) {
    var chords = {}
    notes.forEach(function (note) {
        var at = onGrid(note.onset_quarters)
        chords[at] = chords[at] || { pitches: [], length: 0 }
        if (chords[at].pitches.indexOf(note.pitch) < 0) chords[at].pitches.push(note.pitch)
        chords[at].length = Math.max(chords[at].length, onGrid(note.duration_quarters), 1)
    })
    function boundary(at) { return at >= to || chords[at] || barLines[at] }
    var list = []
    for (var at = from; at < to;) {
        var room = 1
        while (!boundary(at + room)) room++
        var chord = chords[at]
        var wanted = chord ? Math.min(chord.length, room) : room
        var length = LONGEST_FIRST.filter(function (one) { return one <= wanted })[0]
        list.push({ at: at, pitches: chord ? chord.pitches : [], length: length })
        at += length
    }
    return list
}

function removeNotes(score, staff, from, to) {
    for (var voice = 0; voice < 4; voice++) {
        var gone = []
        eachElement(score, staff, voice, function (element, tick) {
            if (isChord(element) && tick >= from && tick < to) gone.push(element)
        })
        gone.forEach(removeElement)
    }
}

function addToChord(score, staff, tick, pitches) {
    if (!pitches.length) return
    var cursor = cursorAt(score, staff, tick)
    pitches.forEach(function (pitch) {
        var note = newElement(Element.NOTE)
        note.pitch = pitch
        cursor.element.add(note)
    })
}

function cursorAt(score, staff, tick) {
    var cursor = score.newCursor()
    cursor.staffIdx = staff
    cursor.voice = 0
    cursor.rewind(0)
    while (cursor.segment && cursor.tick < tick) cursor.next()
    return cursor
}

function writePlace(score, place, notes, barLines) {
    var ticks = function (quarters) { return Math.round(quarters * division) }
    var staff = place.track
    removeNotes(score, staff, ticks(place.start_quarters), ticks(place.end_quarters))
    // MuseScore 3.2 has no addRest, and addNote begins a new chord there: so one note is written for
    // each figure, and those of rests are taken away at last. All cursors share one place to write.
    var list = figures(notes, onGrid(place.start_quarters), onGrid(place.end_quarters), barLines)
    var cursor = cursorAt(score, staff, ticks(place.start_quarters))
    list.forEach(function (figure) {
        cursor.setDuration(figure.length, 16)
        cursor.addNote(figure.pitches.length ? figure.pitches[0] : 60)
    })
    list.forEach(function (figure) {
        var tick = figure.at * division / SIXTEENTHS
        if (figure.pitches.length) addToChord(score, staff, tick, figure.pitches.slice(1))
        else removeNotes(score, staff, tick, tick + 1)
    })
}

// Writes one take as one step of undo.
function writeTake(score, take) {
    var bars = barsOf(score), last = bars[bars.length - 1], barLines = {}
    var end = 0
    take.places.forEach(function (place) { end = Math.max(end, place.end_quarters * division) })
    var missing = Math.ceil((end - last.tick - last.ticks) / last.ticks - 1e-6)
    score.startCmd()
    if (missing > 0) score.appendMeasures(missing)
    barsOf(score).forEach(function (bar) { barLines[onGrid(bar.tick / division)] = true })
    take.places.forEach(function (place) {
        var notes = take.notes.filter(function (note) {
            return note.track === place.track && note.onset_quarters < place.end_quarters - 1e-6 &&
                note.onset_quarters >= place.start_quarters - 1e-6
        })
        writePlace(score, place, notes, barLines)
    })
    score.endCmd()
}

// The request for a task; selection may be null where the task needs none.
function requestOf(score, settings, selection) {
    var request = {
        task: settings.task, n: settings.takes, temperature: settings.temperature,
        grid: "1/16", min_duration: "1/16"
    }
    if (settings.task === "continue") {
        request.task = "generate"
        request.bars = settings.bars
        return request
    }
    if (!selection) throw new Error("Select the bars first: click the first one, Shift+click the last.")
    var places = placesOf(score, selection)
    request.bars = places.bars
    request.tracks = places.tracks
    if (settings.task === "vary") request.keep = settings.keep
    return request
}
