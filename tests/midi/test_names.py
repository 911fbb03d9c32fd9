"""Names of tracks as they stand in files: bytes of an encoding that nobody tells."""

import pytest

from lstm_music.midi.names import MAX_NAME_LENGTH, decode_name

NAMES = {
    "latin-1": "Flûte à bec|Größe|Contrabaixo São|Violão|Percussão|Bläser|Für Elise|Café|Träumerei"
    "|Hörner|Posaune tief, hoch & weiß|Señor|Corazón|¡Olé!|¿Qué?|VIOLÃO|GRÖSSE|Ária|Étude n° 3"
    "|Øystein|Åse|Mañana|Maître|Orgue à pédales|Noël|Straße|Übung|Ö|à|É|Guitare électrique"
    "|Hautbois d'été|Sängerin|Pífano|Coração|Não|Élégie|Ça ira|Æolian|Händel: Sarabande"
    "|Saint-Saëns|Caixa Ação|Ñandú|Süße Träume|Ballade Nº 1|1ª voz|© 1996 Müller|Tuba «grave»"
    "|½ time|100 % ± 5|Flûte\xa02",
    "cp1252": "Piano – “solo”|L’été|Don’t stop|Track 1 — Melody|‘Round Midnight|Chœur|Œuvre"
    "|Sœur Marie|My Song™|Intro…|It’s – “live”",
    "cp932": "ピアノ右手|ピアノ|ギター|ベース|ドラム|ストリングス|メロディ|右手|左手|主旋律|伴奏"
    "|さくら|夜の港|ピアノ 1|Piano右手|歌|曲名|弦楽器|パーカッション|Ｐｉａｎｏ|ヴァイオリン"
    "|独奏|第一楽章|残酷な天使のテーゼ|千本桜|弾き語り|オルガン(左)|太鼓|三味線|尺八"
    "|ﾋﾟｱﾉ|ﾄﾞﾗﾑ|ﾍﾞｰｽ|ｷﾞﾀｰ|ｽﾄﾘﾝｸﾞｽ|ﾒﾛﾃﾞｨ|ﾎﾞｰｶﾙ|ｺｰﾗｽ|ﾌﾙｰﾄ|ｱﾙﾄ|ｿﾌﾟﾗﾉ|ﾁｪﾛ|ﾊｰﾌﾟ|第1ﾊﾞｲｵﾘﾝ",
    "gbk": "钢琴|主旋律|吉他|贝司|鼓|小提琴|弦乐|伴奏|合唱|笛子|二胡|古筝|琵琶|左手|右手|旋律"
    "|和弦|月亮代表我的心|茉莉花|梁祝|音轨 1|Track 钢琴|低音提琴|长笛|单簧管|架子鼓|电吉他"
    "|人声|青花瓷|葫芦丝|义勇军进行曲|竹笛|中阮|大提琴|夜曲|风铃|《茉莉花》|鼓弦们",
    "big5": "鋼琴|主旋律|吉他|貝斯|鼓|小提琴|弦樂|伴奏|合唱|左手|右手|月亮代表我的心|古箏|電吉他",
    "euc_kr": "피아노|기타|드럼|베이스|멜로디|보컬|현악|바이올린|반주|코러스|첼로|플루트|왼손"
    "|아리랑|애국가|피아노 1",
    "cp1251": "Гитара|Бас|Соло|Барабаны|Скрипка|ГИТАРА|БАРАБАНЫ|Вокал|Пианино 1|Рояль|Хор"
    "|Подмосковные вечера|ЗЕМЛЯ|Я помню",
    "utf-8": "Größe|ピアノ|钢琴|Гитара",
    "utf-8-sig": "Größe|Piano",
    "utf-16": "Größe|ピアノ|Piano",
}


@pytest.mark.parametrize("encoding", NAMES)
def test_names_of_any_encoding_are_readable(encoding):
    names = NAMES[encoding].split("|")
    assert [decode_name(name.encode(encoding)) for name in names] == names


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be"])
def test_the_byte_order_mark_decides(mark):
    assert decode_name("\ufeffGröße".encode(mark)) == "Größe"


def test_what_is_none_of_them_is_read_as_western():
    assert decode_name("Główna".encode("cp1250")) == "G³ówna"
    assert decode_name("Percussão".encode("mac-roman")) == "Percuss‹o"
    assert decode_name(b"\x81\x8d Bass") == "Bass"


def test_control_characters_and_what_is_too_long_go():
    assert decode_name(b" Bass\x00\x00\r\n") == "Bass"
    assert decode_name(b"\xff\xfe\x00\x00") == ""
    assert len(decode_name(b"a" * 100_000)) == MAX_NAME_LENGTH


def test_any_bytes_are_some_name():
    for a in range(256):
        for b in range(0, 256, 5):
            text = decode_name(bytes([a, b, a]))
            assert text == text.strip()
            assert "\n" not in text
