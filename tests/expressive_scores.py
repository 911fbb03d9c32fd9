"""MusicXML for tests of marks: scores written in a few words, 4 divisions a quarter note."""

from lstm_music.midi.scores.pieces import score_pieces

ATTRIBUTES = (
    "<attributes><divisions>4</divisions><time><beats>{}</beats><beat-type>{}</beat-type></time>"
    "{}</attributes>"
)


def direction(*types, sound="", staff=0, placement="", offset=""):
    inside = "".join(f"<direction-type>{type_}</direction-type>" for type_ in types)
    return (
        f"<direction{f' placement={placement!r}' if placement else ''}>{inside}"
        f"{f'<offset>{offset}</offset>' if offset else ''}"
        f"{f'<staff>{staff}</staff>' if staff else ''}"
        f"{f'<sound {sound}/>' if sound else ''}</direction>"
    )


def dynamic(*names, **more):
    return direction("<dynamics>" + "".join(f"<{n}/>" for n in names) + "</dynamics>", **more)


def wedge(type_, number=1, **more):
    return direction(f"<wedge type='{type_}' number='{number}'/>", **more)


def words(text, *, dashes="", **more):
    types = [f"<words>{text}</words>"] if text else []
    types += [f"<dashes type='{dashes}' number='1'/>"] if dashes else []
    return direction(*types, **more)


def pedal(type_, **more):
    return direction(f"<pedal type='{type_}' line='yes'/>", **more)


def metronome(per_minute, *units, dots=0, **more):
    beats = "".join(f"<beat-unit>{unit}</beat-unit>{'<beat-unit-dot/>' * dots}" for unit in units)
    number = f"<per-minute>{per_minute}</per-minute>" if per_minute else ""
    return direction(f"<metronome>{beats}{number}</metronome>", **more)


def notes(n=4, step="C", octave=5, *, duration=4, staff=0, notations="", attributes=""):
    return n * (
        f"<note{attributes}><pitch><step>{step}</step><octave>{octave}</octave></pitch>"
        f"<duration>{duration}</duration><voice>{staff + 1}</voice>"
        f"<type>{ {1: '16th', 2: 'eighth', 4: 'quarter', 8: 'half', 16: 'whole'}[duration] }</type>"
        f"{f'<staff>{staff}</staff>' if staff else ''}{notations}</note>"
    )


def articulated(name):
    return f"<notations><articulations><{name}/></articulations></notations>"


BACKUP = "<backup><duration>16</duration></backup>"
REPEAT = "<barline location='right'><repeat direction='backward'/></barline>"


def score(*parts, meter=(4, 4), staves=1):
    """A score of parts, each a list of the contents of its measures."""
    ids = range(1, len(parts) + 1)
    listed = "".join(
        f"<score-part id='P{i}'><part-name>Part {i}</part-name></score-part>" for i in ids
    )
    more = f"<staves>{staves}</staves>" if staves > 1 else ""
    body = ""
    for i, measures in zip(ids, parts, strict=True):
        first = ATTRIBUTES.format(*meter, more)
        inside = "".join(
            f"<measure number='{n}'>{first if n == 1 else ''}{measure}</measure>"
            for n, measure in enumerate(measures, start=1)
        )
        body += f"<part id='P{i}'>{inside}</part>"
    return (
        f'<?xml version="1.0"?><score-partwise version="4.0"><part-list>{listed}</part-list>'
        f"{body}</score-partwise>"
    )


def read(text, **options):
    return score_pieces(text.encode(), ".musicxml", **options)[0]


def velocities(piece, track=0):
    own = piece.notes[piece.notes["track"] == track]
    return own["velocity"].tolist()


def tempos(piece):
    return [(t.onset_steps, round(t.tempo_bpm, 1)) for t in piece.tempos]
