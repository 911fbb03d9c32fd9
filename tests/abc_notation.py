"""Small tunes in ABC notation."""


def tune(music, key="C", meter="4/4", more=""):
    """A tune in quarter notes, with ``more`` lines in its header."""
    unit = "" if "L:" in more else "L:1/4\n"
    return f"X:1\nT:a\n{more}M:{meter}\n{unit}K:{key}\n{music}\n"
