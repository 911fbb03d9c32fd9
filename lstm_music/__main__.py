"""``python -m lstm_music`` is ``lstm-music``."""

from lstm_music.cli.main import main

main()
