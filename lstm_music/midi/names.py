"""Text of a MIDI file, whose encoding no file tells: guessed, for display.

UTF-8 and a byte order mark are certain. Else the bytes are read as Windows-1252 if every sign then
stands where a Western writer would put it; as Cyrillic if they make words; as the East Asian
encoding whose characters are the commonest; and at last as Windows-1252 or Latin-1 whatever it
looks like.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

MAX_NAME_LENGTH = 1000
_MAX_NAME_BYTES = 64 * 1024
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ufeff]")

_UTF_16 = (
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# Signs of Windows-1252 and where they stand: an accented letter beside another letter (never a
# capital behind a small one, nor three in a row) or alone, the rest as in print.
_LOWER = "àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßð"
_UPPER = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝÞ"
_WESTERN = re.compile(
    rf"(?<![{_LOWER}{_UPPER}])(?<=[A-Za-z])[{_LOWER}]{{1,2}}(?![{_LOWER}{_UPPER}])"
    rf"|(?<![{_LOWER}{_UPPER}])[{_LOWER}]{{1,2}}(?=[a-z])"
    rf"|(?<![a-z{_LOWER}{_UPPER}])[{_UPPER}](?=[A-Za-z{_LOWER}])(?![{_LOWER}](?![A-Za-z]))"
    rf"|(?<=[A-Z])[{_UPPER}]{{1,2}}(?![a-z{_LOWER}{_UPPER}])"
    rf"|(?<![^\s'’(/-])[{_LOWER}{_UPPER}](?![^\s'’)/,.-])"
    r"|(?<=[a-z])œ(?=[a-z])|(?<![^\s(])Œ(?=u)|(?<=[A-Z])Œ(?=[A-Z])"
    r"|(?<![^\s\w)\]”’.!?,])[–—](?![^\s\w(\[“‘])"
    r"|(?<![^\s(\[–—-])[“‘«¡¿](?=[\w¡¿ ])"
    r"|(?<=[\w.!?, ])[”’»](?![^\s\w)\].,;:!?–—-])"
    r"|(?<=\w)[’´](?=\w)|(?<=\w)[…ºª™®°](?!\w)|(?<![^\s(])[©•](?!\w[^\w\s])"
)
_HIGH = re.compile(r"[^\x00-\x7f]")

_CYRILLIC = re.compile(
    r"(?<![А-яЁё])[А-я](?![А-яЁё])|[А-ЯЁ]?[а-яё]{2,}|(?:(?![А-Д]Ю)[А-Я]){5,}"
)  # ДЮ is a voiced kana
_CYRILLIC_VOWELS = re.compile("[аеёиоуыэюяАЕЁИОУЫЭЮЯ]")
_MOST_CONSONANTS = re.compile(r"[бвгджзйклмнпрстфхцчшщъь]{6,}", re.IGNORECASE)

# The characters that names of tracks and pieces are made of; others of the first level are
# possible, too.
_COMMON = {
    "cp932": "右左手歌音楽曲弦打低高主旋律伴奏日本人大小中上下前後一二三四弾独合唱声部第番"
    "夜月花雪風空海星心夢愛恋春夏秋冬春の電子琴笛太鼓金管木鍵盤指揮者男女曲名題",
    "gbk": "钢琴吉他贝司斯鼓小大中提弦乐主旋律伴奏音轨合唱笛二胡古筝琵琶左右手和电子人声部独"
    "歌曲的一是不了在我有这来上个国到说们为天下月亮代表心爱你夜雪花春夏秋冬风雨海星梦第"
    "低高打击管铜木风长号圆萨克葫芦扬唢呐箫铃锣鼓背景节奏前后间尾副朋友情思故乡红东方",
    "euc_kr": "이다는의가고에을지하나어기사인은로도를한시아그스리자대니해게여부보정전러라만서오"
    "과주원들일제구상면동안우적수장비피노타드럼베멜디컬코첼플루트바올린왼른손현악반건음곡"
    "사랑밤별꽃하늘봄여름가을겨울클래식합창신합성",
    "big5": "鋼琴吉他貝斯司鼓小大中提弦樂主旋律伴奏音軌合唱笛二胡古箏琵琶左右手和電子人聲部獨"
    "歌曲的一是不了在我有這來上個國到說們為天下月亮代表心愛你夜雪花春夏秋冬風雨海星夢第"
    "低高打擊管銅木長號背景節奏前後間尾副朋友情思故鄉紅東方",
}
_LIKELY, _POSSIBLE, _RARE = 3.0, 1.0, -2.0
_BESIDE_A_LETTER = (0.0, -1.0, -5.0)  # of an East Asian character beside 0, 1, 2 Latin letters
_LEAST_SCORE = 0.8

# Half-width katakana: every byte from A1 to DF is one, so they must make syllables.
_NARROW = re.compile("[｡-ﾟ]+")
_NARROW_WORD = re.compile(
    "(?:[ｱ-ﾜ](?:(?<=[ｳｶ-ﾄﾊ-ﾎ])ﾞ|(?<=[ﾊ-ﾎ])ﾟ)?(?:(?<=[ｷｼﾁﾆﾋﾐﾘﾞﾟ])[ｬｭｮ]|(?<=[ｳｸｼﾁﾂﾃﾄﾌﾞ])[ｧｨｩｪｫ])?ｰ?ﾝ?ｯ?)+"
)
_NARROW_SIGNS = re.compile("[ｰｬｭｮｧｨｩｪｫｯﾝﾞﾟ]")
_NARROW_LIKELY, _NARROW_POSSIBLE = 2.5, 0.9  # less than common characters of another encoding


def decode_name(raw: bytes) -> str:
    """The likeliest text of some bytes, without control characters and spaces around it.

    Parameters
    ----------
    raw : a name or title; 64 KiB of it are read, and 1,000 characters kept.

    Examples
    --------
    >>> decode_name("Flûte à bec".encode("latin-1")), decode_name("ピアノ".encode("cp932"))
    ('Flûte à bec', 'ピアノ')
    """
    text = _decoded(raw[:_MAX_NAME_BYTES])
    if not text.isprintable():
        text = _CONTROL.sub("", text)
    return text.strip()[:MAX_NAME_LENGTH]


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")  # its byte order mark goes with the control characters
    except UnicodeDecodeError:
        pass
    for mark, encoding in _UTF_16:
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding, "ignore")
    return _guessed(raw)


def _guessed(raw: bytes) -> str:
    western = _strict(raw, "cp1252")
    if western is not None and _is_western(western):
        return western
    cyrillic = _strict(raw, "cp1251")
    if cyrillic is not None and _is_cyrillic(cyrillic):
        return cyrillic
    texts = {encoding: _strict(raw, encoding) for encoding in _COMMON}
    scores = {
        encoding: _score(text, encoding) for encoding, text in texts.items() if text is not None
    }
    best = max(scores, key=lambda encoding: scores[encoding], default="")
    if best and scores[best] >= _LEAST_SCORE:
        return texts[best] or ""
    return raw.decode("latin-1") if western is None else western


def _strict(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _is_western(text: str) -> bool:
    return not _HIGH.search(_WESTERN.sub("", text.replace("\xa0", " ")))


def _is_cyrillic(text: str) -> bool:
    """Whether all that is not ASCII are words of Russian letters, one of them with a vowel."""
    rest = _CYRILLIC.sub("", text)
    return (
        not _HIGH.search(re.sub("[–—«»№]", "", rest))
        and re.search("[А-яЁё]{3}", text) is not None
        and _CYRILLIC_VOWELS.search(text) is not None
        and _MOST_CONSONANTS.search(text) is None
    )


def _score(text: str, encoding: str) -> float:
    """Mean over the characters that are not ASCII: how likely each is in a name."""
    scores: list[float] = []
    if encoding == "cp932":
        for run in _NARROW.findall(text):
            scores += [_narrow(run)] * max(len(run) // 2, 1)
        text = _NARROW.sub("", text)
    for found in _HIGH.finditer(text):
        around = (
            text[max(found.start() - 1, 0) : found.start()],
            text[found.end() : found.end() + 1],
        )
        n_letters = sum(side.isascii() and side.isalpha() for side in around)
        scores.append(_likelihood(found[0], encoding) + _BESIDE_A_LETTER[n_letters])
    return sum(scores) / len(scores) if scores else 0.0


def _narrow(run: str) -> float:
    words = run.replace("･", " ").split()
    if len(run) < 2 or not words or not all(_NARROW_WORD.fullmatch(word) for word in words):
        return _RARE
    return _NARROW_LIKELY if _NARROW_SIGNS.search(run) else _NARROW_POSSIBLE


def _likelihood(character: str, encoding: str) -> float:
    if character in _COMMON[encoding] or (encoding == "cp932" and "ぁ" <= character <= "ー"):
        return _LIKELY
    if "！" <= character <= "～":  # full-width letters
        return _POSSIBLE
    if unicodedata.category(character)[0] in "PZS":
        return _POSSIBLE / 2
    lead = character.encode(encoding)[0]
    if encoding == "cp932":
        return _POSSIBLE if 0x88 <= lead <= 0x98 else _RARE
    if encoding == "gbk":
        trail = character.encode(encoding)[-1]
        if trail < 0xA1 or not 0xB0 <= lead <= 0xF7:
            return _RARE
        return _POSSIBLE if lead <= 0xD7 else _RARE / 2
    if encoding == "euc_kr":
        return _POSSIBLE / 2 if "가" <= character <= "힣" else _RARE
    return _POSSIBLE if 0xA4 <= lead <= 0xC6 else _RARE
