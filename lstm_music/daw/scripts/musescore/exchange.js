// Talks to `lstm-music serve --shared` by files, as docs/serve.md tells. `file` is MuseScore's FileIO;
// nothing here waits.

var START_AFTER_MS = 1000
var GIVE_UP_MS = 90000
var SILENT_MS = 20000

function stateFolder(file, system) {
    var home = file.homePath()
    if (system === "windows") return home + "/AppData/Local/lstm_music"
    if (system === "osx" || system === "macos") return home + "/Library/Application Support/lstm_music"
    return home + "/.local/state/lstm_music"
}

function readFile(file, path) {
    file.source = path
    return file.exists() ? file.read() : ""
}

function removeFile(file, path) {
    file.source = path
    if (file.exists()) file.remove()
}

// Begins a call. Throws an error where the folder is not there, which install-daw makes.
function begin(file, folder, method, params, now) {
    var id = "musescore-" + now + "-" + Math.floor(Math.random() * 1e9)
    var call = { id: id, path: folder + "/exchange/" + id, begun: now, last: now, heard: 0, started: false }
    file.source = call.path + ".call"
    if (!file.write(JSON.stringify({ id: id, method: method, params: params }) + "\n")) {
        throw new Error("Cannot write to " + folder + ". Run: lstm-music install-daw musescore")
    }
    return call
}

// The line that starts the server, and lets it live on when MuseScore's process object is gone.
function startLine(file, folder, system) {
    var words = ["lstm-music", "serve"]
    var left = readFile(file, folder + "/command.json")
    if (left) words = JSON.parse(left).command
    var line = words.concat(["--shared"]).map(function (word) {
        return word.indexOf(" ") < 0 ? word : "'" + word + "'"
    }).join(" ")
    if (system === "windows") return "cmd /c start /b " + line.replace(/'/g, '"')
    return 'sh -c "' + line + ' >/dev/null 2>&1 &"'
}

// The complete lines of an answer. MuseScore 3 reads files without their line breaks, so they are
// told apart by how each line begins; one that is written just now does not parse yet.
function linesOf(text, id) {
    var head = JSON.stringify({ id: id }).slice(0, -1), lines = []
    text.split(head).slice(1).every(function (rest) {
        try {
            lines.push(JSON.parse(head + rest))
            return true
        } catch (error) {
            return false
        }
    })
    return lines
}

// What has come since the last look: a list of [kind, data]; the last kind ever is result or error.
// start() is called once where no server takes the call.
function news(file, call, now, start) {
    var lines = linesOf(readFile(file, call.path + ".answer"), call.id)
    var found = lines.slice(call.heard).map(function (told) {
        if (told.event) return [told.event, told.data]
        return told.error ? ["error", told.error] : ["result", told.result]
    })
    call.heard = lines.length
    if (!found.length) return silent(file, call, now, start)
    call.last = now
    var kind = found[found.length - 1][0]
    if (kind === "result" || kind === "error") removeFile(file, call.path + ".answer")
    return found
}

function silent(file, call, now, start) {
    file.source = call.path + ".call"
    if (!file.exists()) {
        if (now - call.last < SILENT_MS) return []
        return [["error", { code: "lost", message: "The server has ended. Try again." }]]
    }
    if (now - call.begun > GIVE_UP_MS) {
        removeFile(file, call.path + ".call")
        return [["error", { code: "lost", message: "No server runs. Start it in a terminal: lstm-music serve --shared" }]]
    }
    if (now - call.begun > START_AFTER_MS && !call.started) {
        call.started = true
        start()
    }
    return []
}
