"""MusicXML made in a test: parts of measures of notes, a line each."""

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<score-partwise version="4.0"><part-list>{0}'
DIVISIONS = 12


def note(step, octave=4, quarters=1.0, more="", alter=0, before="", voice=1):
    """A note; ``before`` is put in front of its pitch, ``more`` behind its type."""
    altered = f"<alter>{alter}</alter>" if alter else ""
    duration = "" if "<grace" in before else f"<duration>{round(quarters * DIVISIONS)}</duration>"
    return (
        f"<note>{before}<pitch><step>{step}</step>{altered}<octave>{octave}</octave></pitch>"
        f"{duration}<voice>{voice}</voice>{_type(quarters)}{more}</note>"
    )


def rest(quarters=1.0, voice=1):
    duration = round(quarters * DIVISIONS)
    return f"<note><rest/><duration>{duration}</duration><voice>{voice}</voice></note>"


def unpitched(place, quarters=1.0, instrument="", head=""):
    chosen = f'<instrument id="{instrument}"/>' if instrument else ""
    shape = f"<notehead>{head}</notehead>" if head else ""
    return (
        f"<note><unpitched><display-step>{place[0]}</display-step>"
        f"<display-octave>{place[1]}</display-octave></unpitched>"
        f"<duration>{round(quarters * DIVISIONS)}</duration>{chosen}<voice>1</voice>"
        f"{_type(quarters)}{shape}</note>"
    )


def _type(quarters):
    names = {4: "whole", 2: "half", 1: "quarter", 0.5: "eighth", 0.25: "16th"}
    return f"<type>{names[quarters]}</type>" if quarters in names else ""


def words(text, sound="", second=""):
    """A direction of words, perhaps of a second type of direction, and of what is heard."""
    heard = f"<sound {sound}/>" if sound else ""
    shown = f"<words>{text}</words>" if text else "<words/>"
    types = "".join(f"<direction-type>{kind}</direction-type>" for kind in (shown, second) if kind)
    return f"<direction>{types}{heard}</direction>"


def sign(name, sound=""):
    heard = f"<sound {sound}/>" if sound else ""
    return f"<direction><direction-type><{name}/></direction-type>{heard}</direction>"


def bar_line(location, repeat="", ending="", times="", kind="stop"):
    shown = f'<ending number="{ending}" type="{kind}"/>' if ending else ""
    number = f' times="{times}"' if times else ""
    repeated = f'<repeat direction="{repeat}"{number}/>' if repeat else ""
    return f'<barline location="{location}">{shown}{repeated}</barline>'


def attributes(fifths=0, beats=2, beat_type=4, mode="", more=""):
    named = f"<mode>{mode}</mode>" if mode else ""
    return (
        f"<attributes><divisions>{DIVISIONS}</divisions>"
        f"<key><fifths>{fifths}</fifths>{named}</key>"
        f"<time><beats>{beats}</beats><beat-type>{beat_type}</beat-type></time>{more}</attributes>"
    )


def score(*parts, heads=None):
    """A score of parts, each a list of what its measures hold; ``heads`` of ``score-part``."""
    heads = heads or [f"<part-name>Part {i}</part-name>" for i, _ in enumerate(parts, 1)]
    listed = "".join(
        f'<score-part id="P{i}">{head}</score-part>' for i, head in enumerate(heads, 1)
    )
    bodies = "".join(
        f'<part id="P{i}">' + "".join(_measure(k, m) for k, m in enumerate(part, 1)) + "</part>"
        for i, part in enumerate(parts, 1)
    )
    return HEAD.format(listed) + "</part-list>" + bodies + "</score-partwise>"


def _measure(number, content):
    """A measure; content that starts with ``implicit `` is a measure that is not counted."""
    implicit = ' implicit="yes"' if content.startswith("implicit ") else ""
    content = content.removeprefix("implicit ")
    return f'<measure number="{number}"{implicit}>{content}</measure>'
