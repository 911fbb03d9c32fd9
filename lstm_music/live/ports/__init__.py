"""Ways to and from other programs and instruments: rtmidi everywhere, JACK to the exact frame."""
