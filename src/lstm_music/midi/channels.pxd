"""What sets up a channel, in C: controllers, programs and system exclusive messages."""

from lstm_music.midi.found cimport (
    CHANNELS, DATA_BYTE, DRUM_CHANNEL, GM2_DRUMS, GM2_MELODIC, GO_ON, IS_BENT, IS_DRUM,
    MARK_BANK, MARK_PART, MARK_PEDAL, MARK_PROGRAM, MARK_RELEASE, MARK_RESET, MARK_SILENCE,
    MARK_ZONE, NO_NUMBER, RESET_GM, RESET_GM2, RESET_GS, RESET_XG, XG_DRUMS, XG_EFFECTS,
    Channel, Outcome, Scan, add_mark, add_setting, mend, touch,
)
from lstm_music.midi.sounding cimport silence

# Controllers.
cdef enum:
    BANK_MSB = 0
    DATA_ENTRY = 6
    BANK_LSB = 32
    SUSTAIN_PEDAL = 64
    BRIGHTNESS = 74  # the third dimension of MPE
    UNREGISTERED_LSB = 98
    UNREGISTERED_MSB = 99
    REGISTERED_LSB = 100
    REGISTERED_MSB = 101
    ALL_SOUND_OFF = 120
    RESET_CONTROLLERS = 121
    ALL_NOTES_OFF = 123

cdef enum:
    MPE_CONFIGURATION = 6  # registered parameter of a zone's manager, the first or last channel

# System exclusive messages: makers, models and addresses.
cdef enum:
    ROLAND = 0x41
    GS_MODEL = 0x42
    ROLAND_DATA_SET = 0x12
    GS_PART_BYTES = 8  # to the value; then a checksum and F7 that we do not ask for
    YAMAHA = 0x43
    XG_MODEL = 0x4C
    XG_PART_BYTES = 7
    UNIVERSAL = 0x7E
    GENERAL_MIDI = 0x09


cdef inline int clamped(Scan* s, Py_ssize_t offset) noexcept nogil:
    """The data byte at ``offset``, at most 127."""
    if s.data[offset] > 0x7F:
        mend(s, DATA_BYTE, offset)
        return 0x7F
    return s.data[offset]


cdef inline void take_bank(Channel* own) noexcept nogil:
    cdef int msb = own.bank >> 7
    own.pattern.flags &= ~IS_DRUM
    if msb == GM2_DRUMS or msb == XG_EFFECTS or msb == XG_DRUMS or (
        own.pattern.channel == DRUM_CHANNEL and msb != GM2_MELODIC
    ):
        own.pattern.flags |= IS_DRUM


cdef inline Outcome set_program(Scan* s, int channel, Py_ssize_t start) noexcept nogil:
    cdef Channel* own = touch(s, channel)
    own.pattern.program = <unsigned char> clamped(s, start)
    own.program_set = True
    take_bank(own)
    if own.pattern.program or own.bank:
        own.has_state = True
    return add_setting(s, MARK_PROGRAM, channel, own.pattern.program, start)


cdef inline Outcome set_bank(
    Scan* s, int channel, int number, int value, Py_ssize_t start
) noexcept nogil:
    """It holds from the next program change on, or at once where none came before."""
    cdef Channel* own = touch(s, channel)
    if number == BANK_MSB:
        own.bank = <unsigned short> (value << 7 | (own.bank & 0x7F))
    else:
        own.bank = <unsigned short> ((own.bank & 0x3F80) | value)
    if own.bank:
        own.has_state = s.has_banks = True
    if not own.program_set:
        take_bank(own)
    if number == BANK_MSB and value >= GM2_DRUMS:
        s.has_special_bank = True
    return add_setting(s, MARK_BANK, channel, own.bank, start)


cdef inline Outcome enter_data(
    Scan* s, int channel, int number, int value, Py_ssize_t start
) noexcept nogil:
    """Registered parameters: only the one that announces an MPE zone is understood."""
    cdef Channel* own = touch(s, channel)
    if number == REGISTERED_MSB:
        own.number = <unsigned short> (value << 7 | (own.number & 0x7F))
    elif number == REGISTERED_LSB:
        own.number = <unsigned short> ((own.number & 0x3F80) | value)
    elif number != DATA_ENTRY:
        own.number = NO_NUMBER
    elif own.number == MPE_CONFIGURATION and (channel == 0 or channel == CHANNELS - 1):
        s.mpe_signs += 1
        return add_setting(s, MARK_ZONE, channel, value, start)
    return GO_ON


cdef inline Outcome controller(
    Scan* s, int channel, int number, Py_ssize_t start
) noexcept nogil:
    cdef Channel* own
    cdef int value
    clamped(s, start)
    value = clamped(s, start + 1)
    if number == SUSTAIN_PEDAL:
        return add_mark(s, &s.pedal, MARK_PEDAL, <unsigned char> channel, value, start)
    if number == BANK_MSB or number == BANK_LSB:
        return set_bank(s, channel, number, value, start)
    if number == DATA_ENTRY or UNREGISTERED_LSB <= number <= REGISTERED_MSB:
        return enter_data(s, channel, number, value, start)
    if number == BRIGHTNESS:
        touch(s, channel).pattern.flags |= IS_BENT
    elif number == RESET_CONTROLLERS:
        s.has_releases = True
        return add_setting(s, MARK_RELEASE, channel, 0, start)
    elif number == ALL_SOUND_OFF or number == ALL_NOTES_OFF:
        own = touch(s, channel)
        silence(s, own)
        if s.tick:
            own.has_state = True
        return add_setting(s, MARK_SILENCE, channel, 0, start)
    return GO_ON


cdef inline Outcome reset(Scan* s, int system, Py_ssize_t start) noexcept nogil:
    """A synthesizer's reset, which at the very start changes nothing."""
    if s.tick:
        s.resolve = s.has_releases = True
    if system == RESET_GS:
        s.has_gs = True
    return add_setting(s, MARK_RESET, 0, system, start)


cdef inline Outcome set_part(Scan* s, int channel, int value, Py_ssize_t start) noexcept nogil:
    s.resolve = True
    return add_setting(s, MARK_PART, channel, value, start)


cdef inline Outcome exclusive(
    Scan* s, const unsigned char* p, int length, Py_ssize_t start
) noexcept nogil:
    """``length`` bytes at ``p``, behind F0: resets, and which parts are drums (GS and XG)."""
    cdef int part
    if length >= GS_PART_BYTES and (
        p[0] == ROLAND and p[2] == GS_MODEL and p[3] == ROLAND_DATA_SET
    ):
        if p[5] == 0 and p[6] == 0x7F and (p[4] == 0x40 or p[4] == 0):
            return reset(s, RESET_GS, start)
        if p[4] == 0x40 and p[5] >> 4 == 1 and p[6] == 0x15:
            part = p[5] & 0x0F  # 0 is channel 10, 1 to 9 are those, and so from 11 on
            part = DRUM_CHANNEL if part == 0 else part - 1 if part <= DRUM_CHANNEL else part
            return set_part(s, part, p[7], start)
    elif length >= XG_PART_BYTES and (p[0] == YAMAHA and p[1] >> 4 == 1 and p[2] == XG_MODEL):
        if p[3] == 0 and p[4] == 0 and (p[5] == 0x7E or p[5] == 0x7F):
            return reset(s, RESET_XG, start)
        if p[3] == 0x08 and p[4] < CHANNELS and p[5] == 0x07:
            return set_part(s, p[4], p[6], start)
    elif length >= 4 and p[0] == UNIVERSAL and p[2] == GENERAL_MIDI:
        if p[3] == 1:
            return reset(s, RESET_GM, start)
        if p[3] == 3:
            return reset(s, RESET_GM2, start)
    return GO_ON
