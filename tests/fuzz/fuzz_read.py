"""Fuzz the reader: any bytes give valid pieces, or one MidiError. Started by ``make fuzz``.

    python tests/fuzz/fuzz_read.py CORPUS [libFuzzer's options]

The compiled modules are instrumented by clang (tests/fuzz/build.py), the Python ones here. Bytes
that break a rule are kept as build/fuzz/crash-*.
"""

import sys

import atheris

with atheris.instrument_imports(include=["lstm_music.midi", "lstm_music.music"]):
    from piece_checks import read_or_refuse

_MOST_WRITTEN = 12  # writing takes a hundred times as long as reading


def check(data):
    read_or_refuse(data, _MOST_WRITTEN)


def main():
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
