"""What a score asks for beside its notes: dynamics, hairpins, pedal and tempo.

`musicxml` and `stream` find the marks; `dynamics`, `pedal` and `tempos` say what they mean.
"""
