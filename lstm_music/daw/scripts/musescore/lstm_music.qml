// LSTM Music for MuseScore 3 and 4: continues the score, fills and varies the selected bars.
// QtQuick alone, as the controls of MuseScore 3 and 4 differ. How to use it: examples/daw/musescore.

import QtQuick 2.2
import MuseScore 3.0
import FileIO 3.0
import "score.js" as Score
import "exchange.js" as Exchange

MuseScore {
    id: plugin
    menuPath: "Plugins.LSTM Music"
    description: "Continues the score; fills or varies the selected bars."
    version: "1.0"
    pluginType: "dialog"
    requiresScore: true
    width: 380
    height: 230

    property var settings: ({ task: "infill", bars: 4, keep: "rhythm", takes: 3, temperature: 1.0 })
    property var call: null
    property var takes: []
    property int shownTake: -1
    property string status: ""
    property string folder: Exchange.stateFolder(file, Qt.platform.os)

    Component.onCompleted: {
        // MuseScore 4 asks for these; MuseScore 3 does not know them.
        if (mscoreMajorVersion >= 4) {
            plugin["title"] = "LSTM Music"
            plugin["categoryCode"] = "composing-arranging-tools"
        }
    }

    FileIO { id: file }

    function now() { return new Date().getTime() }

    function startServer() {
        try {
            var process = Qt.createQmlObject("import MuseScore 3.0; QProcess {}", plugin)
            process.start(Exchange.startLine(file, folder, Qt.platform.os))
        } catch (error) {
            // MuseScore 4 lets no plugin start a program.
            status = "Start the server in a terminal: lstm-music serve --shared"
        }
    }

    // selection: of Score.selectionOf; null where nothing is selected.
    function compose(selection) {
        try {
            var request = Score.requestOf(curScore, settings, selection)
            takes = []
            shownTake = -1
            call = Exchange.begin(file, folder, "complete", {
                request: request, seed: Score.seedOf(curScore), formats: ["notes"], events: true
            }, now())
            status = "Asking the server ..."
        } catch (error) {
            status = error.message
        }
    }

    function hear(kind, data) {
        if (kind === "progress") status = data.state === "waiting" ? "Waiting ..." : "Composing ..."
        if (kind === "take") takes.push(data)
        if (kind === "error") {
            call = null
            status = data.message
        }
        if (kind === "result") {
            call = null
            takes.sort(function (a, b) { return a.index - b.index })
            show(0)
        }
    }

    function poll() {
        Exchange.news(file, call, now(), startServer).forEach(function (one) { hear(one[0], one[1]) })
    }

    // Puts a take in the place of the one that is shown.
    function show(index) {
        if (shownTake >= 0) cmd("undo")
        Score.writeTake(curScore, takes[index])
        shownTake = index
        status = "Take " + (index + 1) + " of " + takes.length + ". Ctrl+Z takes it back."
    }

    Timer {
        interval: 100
        repeat: true
        running: plugin.call !== null
        onTriggered: plugin.poll()
    }

    function change(name, value) {
        var next = {}
        for (var key in settings) next[key] = settings[key]
        next[name] = value
        settings = next
    }

    function nextOf(list, value) { return list[(list.indexOf(value) + 1) % list.length] }

    Rectangle {
        anchors.fill: parent
        color: "#f4f4f4"

        Column {
            anchors.fill: parent
            anchors.margins: 10
            spacing: 6

            Repeater {
                model: [
                    { label: "Task: " + settings.task, act: function () {
                        change("task", nextOf(["infill", "continue", "vary"], settings.task)) } },
                    { label: "Bars to add: " + settings.bars, act: function () {
                        change("bars", nextOf([1, 2, 4, 8, 16], settings.bars)) } },
                    { label: "Vary keeps: " + settings.keep, act: function () {
                        change("keep", nextOf(["rhythm", "pitch", "outline"], settings.keep)) } },
                    { label: "Takes: " + settings.takes, act: function () {
                        change("takes", nextOf([1, 2, 3, 4, 8], settings.takes)) } },
                    { label: call ? "Composing ..." : "Compose", act: function () { if (!call) compose(Score.selectionOf(curScore)) } },
                    { label: "Next take", act: function () {
                        if (takes.length && !call) show((shownTake + 1) % takes.length) } }
                ]

                Rectangle {
                    width: parent.width
                    height: 26
                    radius: 3
                    color: area.pressed ? "#b0c4de" : "#dde3ea"
                    Text { anchors.centerIn: parent; text: modelData.label }
                    MouseArea { id: area; anchors.fill: parent; onClicked: modelData.act() }
                }
            }

            Text { width: parent.width; wrapMode: Text.WordWrap; text: plugin.status }
        }
    }
}
