"""FL Studio's module of this name, as far as its documentation tells; every call is checked.

Source: the API stubs, PyPI fl-studio-api-stubs 37.0.1 (repository IL-Group/FL-Studio-API-Stubs,
documentation https://il-group.github.io/FL-Studio-API-Stubs/piano_roll_scripting/). Beside each
class or function stands the file that declares it.
"""

# flpianoroll/__note.py, class Note: the types and ranges of its properties.
_RANGES = {
    "number": (int, 0, 131),
    "time": (int, 0, 2**31),
    "length": (int, 0, 2**31),
    "group": (int, 0, 2**31),
    "pan": (float, 0, 1),
    "velocity": (float, 0, 1),
    "release": (float, 0, 1),
    "color": (int, 0, 15),
    "fcut": (float, 0, 1),
    "fres": (float, 0, 1),
    "pitchofs": (int, -120, 120),
    "repeats": (int, 0, 14),
    "slide": (bool, 0, 1),
    "porta": (bool, 0, 1),
    "muted": (bool, 0, 1),
    "selected": (bool, 0, 1),
}
_USUAL = {"number": 60, "pan": 0.5, "velocity": 0.8, "release": 0.5, "fcut": 0.5, "fres": 0.5}


class Note:  # flpianoroll/__note.py
    __slots__ = tuple(_RANGES)

    def __init__(self):
        for name, (kind, *_) in _RANGES.items():
            setattr(self, name, kind(_USUAL.get(name, 0)))

    def __setattr__(self, name, value):
        kind, low, high = _RANGES[name]
        if type(value) is not kind or not low <= value <= high:
            raise TypeError(f"{name} must be {kind.__name__} in {low}..{high}, got {value!r}")
        super().__setattr__(name, value)

    def clone(self):  # flpianoroll/__note.py: clone() -> Note
        copy = Note()
        for name in _RANGES:
            setattr(copy, name, getattr(self, name))
        return copy

    def row(self):
        return [getattr(self, name) for name in _RANGES]


class _Score:  # flpianoroll/__score.py, class Score
    PPQ, tsnum, tsden = 96, 4, 4  # __score.py: read-only, int

    def __init__(self):
        self._notes = []

    @property
    def noteCount(self):  # noqa: N802 - __score.py: read-only, int
        return len(self._notes)

    def getNote(self, index):  # noqa: N802 - __score.py: getNote(index: int) -> Note
        return self._notes[_index(index, len(self._notes))]

    def addNote(self, note):  # noqa: N802 - __score.py: addNote(note: Note)
        assert isinstance(note, Note)
        self._notes.append(note)

    def deleteNote(self, index):  # noqa: N802 - __score.py: deleteNote(index: int)
        del self._notes[_index(index, len(self._notes))]


def _index(index, n):
    if type(index) is not int or not 0 <= index < n:
        raise IndexError(f"note {index!r} of {n}")
    return index


class ScriptDialog:  # enveditor/__script_dialog.py: ScriptDialog(title: str, description: str)
    def __init__(self, title, description):
        assert isinstance(title, str)
        assert isinstance(description, str)
        self.values = {}

    # __script_dialog.py: AddInputKnob(name: str, default_value, min_value, max_value: float)
    def AddInputKnob(self, name, value, low, high):  # noqa: N802
        assert low <= value <= high
        self.values[name] = float(value)

    # Not in the stubs of 37.0.1. FL Studio has it: public piano roll scripts call it with a name,
    # a value, the lowest and the highest, as AddInputKnob, all three whole numbers.
    def AddInputKnobInt(self, name, value, low, high):  # noqa: N802
        assert all(type(one) is int for one in (value, low, high))
        self.AddInputKnob(name, value, low, high)

    # __script_dialog.py: AddInputCombo(name: str, values: str, default_value: int); the values are
    # one string, parted by commas.
    def AddInputCombo(self, name, values, default):  # noqa: N802
        assert 0 <= default < len(values.split(","))
        self.values[name] = float(default)

    # __script_dialog.py: GetInputValue(name: str) -> float, of a combo box an index, badly rounded.
    def GetInputValue(self, name):  # noqa: N802
        return self.values[name]


class Utils:  # enveditor/__utils.py, class TUtils
    shown = []  # noqa: RUF012

    @classmethod
    def ShowMessage(cls, message):  # noqa: N802 - __utils.py: ShowMessage(message: str)
        cls.shown.append(message)

    # __utils.py: ProgressMsg(message: str, position: int, total: int)
    @classmethod
    def ProgressMsg(cls, message, position, total):  # noqa: N802
        assert 0 <= position <= total
        cls.shown.append(message)


score = _Score()
