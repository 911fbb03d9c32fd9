// Plays the user of our plugin in a MuseScore without a window: there no timer fires and nothing can
// be selected, so this waits by a process and hands over the selection. The scenario is in
// drive.json beside the plugin's folder, what the plugin showed goes into drive.out.

import QtQuick 2.2
import MuseScore 3.0
import FileIO 3.0

MuseScore {
    menuPath: "Plugins.drive"
    description: "Test"
    version: "1.0"

    FileIO { id: here }

    QProcess { id: process }

    function wait() {
        process.start("sleep 0.1")
        process.waitForFinished(5000)
    }

    function play(plugin, scenario) {
        for (var name in scenario.settings) plugin.change(name, scenario.settings[name])
        plugin.compose(scenario.selection)
        for (var i = 0; plugin.call !== null && i < 600; i++) {
            wait()
            plugin.poll()
        }
        (scenario.shows || []).forEach(function (index) { plugin.show(index) })
        writeScore(curScore, scenario.target, "mscx")
        return { status: plugin.status, takes: plugin.takes, shown: plugin.shownTake }
    }

    onRun: {
        var folder = filePath
        var told
        try {
            here.source = folder + "/drive.json"
            var scenario = JSON.parse(here.read())
            var made = Qt.createComponent("file://" + folder + "/lstm_music/lstm_music.qml")
            told = made.status === 1 ? play(made.createObject(null), scenario) : { error: made.errorString() }
        } catch (error) {
            told = { error: String(error) }
        }
        here.source = folder + "/drive.out"
        here.write(JSON.stringify(told))
    }
}
