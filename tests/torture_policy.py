"""What each of our own torture files must give, row by row as its policy in EXPECTED.tsv asks."""

from typing import NamedTuple


class Read(NamedTuple):
    """A file that is read: notes of each piece, steps of the first piece's onsets, repairs.

    ``onsets`` is None where there are many.
    """

    notes: tuple[int, ...] = (1,)
    onsets: tuple[int, ...] | None = (0,)
    repairs: tuple[str, ...] = ()


class Refused(NamedTuple):
    """A file that is refused: words of the error, and the byte it names."""

    words: str
    offset: int | None


EXPECTED = {
    "00_ok": Read(),
    "01_empty": Refused("empty", None),
    "02_header_only_4": Refused("expected MThd", 0),
    "03_header_trunc_13": Refused("expected MThd", 0),
    "04_no_tracks": Refused("no notes", None),
    "07_riff_rmid": Read(),
    "08_macbinary128": Read(repairs=("mac_binary",)),
    "09_utf8bom": Refused("expected MThd", 0),
    "10_hdr_len7": Read(),
    "11_hdr_len_huge": Refused("the header's length", 4),
    "12_ntrks_less": Read((2,), (0, 0), ("track_count",)),
    "13_ntrks_more": Read(repairs=("track_count",)),
    "14_ntrks_ffff": Read(repairs=("track_count",)),
    "15_fmt0_two_tracks": Read((2,), (0, 0), ("format_0_tracks",)),
    "16_fmt2": Read((1, 1)),
    "17_fmt9": Read(repairs=("format_unknown",)),
    "18_div0": Refused("ticks a quarter note", 12),
    "19_div1": Read(),
    "20_div32767": Read(),
    "21_smpte_25_40": Read(),
    "22_smpte_bad": Refused("SMPTE frames", 12),
    "23_alien_chunk_before": Read(),
    "25_trailing_crlf": Read(repairs=("trailing_bytes",)),
    "26_trklen_minus1": Read(repairs=("track_length",)),
    "27_trklen_plus1": Read(repairs=("track_length",)),
    "30_no_eot": Read(repairs=("no_end_of_track",)),
    "32_trunc_mid_event": Read(repairs=("event_cut", "track_length", "unclosed_note")),
    "33_trunc_mid_vlq": Read(repairs=("event_cut",)),
    "36_vlq_overlong_zero": Read(),
    "37_delta_max_then_note": Refused("past 20000 quarter notes", 31),
    "38_delta_17x_max": Refused("past 20000 quarter notes", 31),
    "41_running_after_meta": Read(),
    "42_running_after_sysex": Read(),
    "43_status_f4": Read((2,), (0, 24), ("system_message",)),
    "44_realtime_f8_in_track": Read(repairs=("system_message",)),
    "45_data_byte_pitch200": Refused("no notes", None),  # its only note was dropped
    "46_data_byte_vel255": Read(repairs=("data_byte",)),
    "47_cc_val_ff": Read(repairs=("data_byte",)),
    "48_sysex_len_huge": Refused("no notes", None),
    "49_sysex_unterminated": Read(),
    "50_sysex_len0": Read(),
    "51_meta_text_1MB": Read(),
    "52_meta_len_past_end": Refused("no notes", None),
    "53_meta_unknown_with_delta": Read(onsets=(24,)),  # 480 ticks
    "54_tempo_0": Read(repairs=("tempo_zero",)),
    "55_tempo_len1": Read(repairs=("meta_short",)),
    "56_tempo_len5": Read(repairs=("meta_long",)),
    "59_timesig_den_2p255": Read(repairs=("meter_off_grid",)),
    "60_timesig_len2": Read(repairs=("meta_short",)),
    "61_keysig_18flats": Read(repairs=("key_unknown",)),
    "63_keysig_len0": Read(repairs=("meta_short",)),
    "64_smpte_offset_hr_ff": Read(repairs=("offset_value",)),
    "66_chprefix_len0": Read(repairs=("meta_short",)),
    "67_trackname_nul_utf16": Read(),
    "69_off_no_on": Read(),
    "70_zero_len_note": Read((2,), (0, 0), ("empty_note",)),
    "71_overlap_same_pitch": Read((2,), (0, 12)),
    "72_noteon_vel0_as_off": Read(),
    "73_channel_10_drums": Read(),
    "74_all_128_pitches": Read((128,), None),
    "75_chord_128_same_tick": Read((128,), (0,) * 128),
    "76_1e5_notes": Read((100_000,), None),
    "77_65535_empty_tracks": Refused("more than 4096 tracks", 49_166),
    "79_tied_desync_m21_2020": Read((4,), (0, 0, 0, 288)),  # the last at quarter note 12.0
    "81_bitflip_0": Refused("the header's length", 4),
    "82_bitflip_1": Read((38,), None),
    "84_bitflip_3": Read((40,), None),
    "85_bitflip_4": Read((38,), None, ("data_byte", "unclosed_note")),
    "86_bitflip_5": Refused("expected MThd", 0),
    "88_mthd_random": Refused("no notes", None),
}


def allows(policy: str, expected: Read | Refused) -> bool:
    """Whether a row of EXPECTED.tsv lets a file be read, or refused, as we do it."""
    if policy.startswith("no crash"):
        return True
    ways = policy.replace(" or ", "|").split("|")
    if isinstance(expected, Refused):
        # An event that is dropped may have held the only note.
        return any("REJECT" in way for way in ways) or expected.words == "no notes"
    if policy.startswith("REPAIR") and not expected.repairs:
        return False
    if "(warn)" in policy and not expected.repairs:
        return False
    return any(not way.startswith("REJECT") for way in ways)
