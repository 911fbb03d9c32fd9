"""A player without ports: a session that is fed timed events and stepped through its time."""

from lstm_music.live.composing import AtOnce, Stream
from lstm_music.live.dials import Dials
from lstm_music.live.events import Timed, note_of, note_off, note_on
from lstm_music.live.session import Session

STEP_SECONDS = 0.005
SCALE = (60, 62, 64, 65, 67, 65, 64, 62)


def melody(tempo_bpm, start=1.0, pitches=SCALE, quarters=0.5, channel=0):
    """Notes of one length, one after another."""
    long = quarters * 60 / tempo_bpm
    events = []
    for i, pitch in enumerate(pitches):
        events.append(Timed(start + i * long, note_on(channel, pitch, 80)))
        events.append(Timed(start + (i + 0.9) * long, note_off(channel, pitch)))
    return events


def clock_ticks(tempo_bpm, start, n, first=b"\xfa"):
    """START, or CONTINUE, and n ticks."""
    tick = 60 / tempo_bpm / 24
    return [Timed(start - 0.001, first), *(Timed(start + i * tick, b"\xf8") for i in range(n))]


class Played:
    """A session played to its end.

    ``sent`` : all that came out; ``news`` : all that was told.
    """

    def __init__(self, composer, settings, events, until, *, dials=None, at=()):
        self.news, self.sent, self.asks = [], [], []
        self.session = Session(
            settings, self._compose(composer), dials or Dials({"rng_seed": 3}), self.news.append
        )
        waiting, orders, now = sorted(events), sorted(at, key=lambda one: one[0]), 0.0
        while now < until:
            while waiting and waiting[0].seconds <= now:
                self.session.take(*waiting.pop(0))
            while orders and orders[0][0] <= now:
                orders.pop(0)[1](self.session)
            self.sent += self.session.advance(now)
            now += STEP_SECONDS
        self.before_end = len(self.sent)
        self.sent += self.session.close(now)

    def _compose(self, composer):
        def compose(ask):
            self.asks.append(ask)
            return AtOnce(Stream(composer, ask))

        return compose

    def ons(self, channel=None):
        """(seconds, pitch, velocity) of the notes struck."""
        found = [(one.seconds, note_of(one.message)) for one in self.sent]
        return [
            (at, note.pitch, note.velocity)
            for at, note in found
            if note and note.velocity and channel in (None, note.channel)
        ]

    def told(self, kind):
        return [one for one in self.news if one["event"] == kind]


def hanging(events):
    """Keys that were struck and never let go; a key struck twice in a row counts as a fault."""
    down, doubled = set(), []
    for one in sorted(events, key=lambda event: event.seconds):
        note = note_of(one.message)
        if note is None:
            continue
        key = (note.channel, note.pitch)
        if note.velocity:
            doubled += [key] if key in down else []
            down.add(key)
        else:
            down.discard(key)
    return down | set(doubled)
