from lstm_music.generate.rules import Rules

class Dues:
    def __init__(self, rules: Rules) -> None: ...
