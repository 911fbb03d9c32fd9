// LSTM Music for Max: turns messages into OSC for `lstm-music serve --osc 8767 --osc-reply 8768`, and
// what comes back into lists. ECMAScript 5, for the object js of Max 7 and later.

autowatch = 1
inlets = 2 // messages of the patch; from udpreceive
outlets = 3 // to udpsend; notes: take track pitch velocity onset duration; everything else

var ROOT = "/lstm_music/"
var ADDRESSES = {
    seed: "seed", note: "seed/note", meter: "seed/meter", tempo: "seed/tempo",
    compose: "complete", cancel: "cancel", reset: "reset", hello: "hello", get: "get"
}

function send(address, values) {
    outlet.apply(this, [0, ROOT + address].concat(values))
}

function heard(address, values) {
    var name = address.slice(ROOT.length)
    if (address.indexOf(ROOT) !== 0) return
    if (name === "note") outlet(1, values.slice(1))
    else outlet.apply(this, [2, name].concat(values))
}

function anything() {
    var values = arrayfromargs(arguments)
    if (inlet === 1) {
        heard(messagename, values)
    } else if (messagename === "set") {
        send("set/" + values[0], values.slice(1))
    } else if (ADDRESSES.hasOwnProperty(messagename)) {
        send(ADDRESSES[messagename], values)
    } else {
        post("lstm_music: no message " + messagename + "\n")
    }
}
