"""Maps made of random numbers, and texts that try to break out of what they are put into."""

import dataclasses

import numpy as np

from bertmagic.attention.comparison import compare
from bertmagic.attention.maps import AttentionMaps, Token


def tokens(texts):
    """Return the tokens of one or two texts given as lists of words, as BERT frames them."""
    sequence = [Token("[CLS]", "[CLS]", 0, 0, -1, -1)]
    word = 0
    for sentence, words in enumerate(texts):
        place = 0
        for one in words:
            sequence.append(Token(one, one, place, place + len(one), word, sentence))
            place, word = place + len(one) + 1, word + 1
        sequence.append(Token("[SEP]", "[SEP]", 0, 0, -1, -1))
    return tuple(sequence)


def maps(*texts, layers=2, heads=3, seed=0, model="clf", **more):
    """Return maps of random weights; each text is a list of words."""
    names = tokens(texts)
    array = np.random.default_rng(seed).random((layers, heads, len(names), len(names)), np.float32) ** 8
    array /= array.sum(-1, keepdims=True)
    joined = [" ".join(words) for words in texts]
    known = {"said": "good 0.900", "prediction": (("good", 0.9), ("bad", 0.1)), **more}
    pair = joined[1] if len(joined) > 1 else None
    return AttentionMaps(array=array, tokens=names, text=joined[0], pair=pair, model=model, encoder="tiny", **known)


def compared(first, second):
    return dataclasses.replace(first, comparison=compare(first, second))


HOSTILE = (
    "</script><img src=x onerror=alert(1)>", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>", "<iframe srcdoc='<script>alert(1)</script>'>", "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>", "javascript:alert(1)", "<a href=javascript:alert(1)>x</a>",
    "]]><script>alert(1)", "<!--<script>", "--><script>alert(1)</script>", "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>",
    "<math><mtext></mtext><mglyph><style><!--</style><img title='--&gt;&lt;img",
    "{{constructor.constructor('alert(1)')()}}", "{{7*7}}", "${alert(1)}", "#{7*7}", "<%= 7*7 %>", "{% raw %}",
    "%7B%7B", "&lt;script&gt;", "&amp;&#x3c;", "\\u003cscript\\u003e", "\\x3cscript\\x3e", "\\", "\\\\", "\"", "'",
    "`", "``", "''", "\u202egnp.exe", "\u2066\u2067abc\u2069", "\u200f\u200e", "\u200b", "\u200bword\u200b", "\ufeff",
    "\u2060", "a\u0301\u0301\u0301", "\x00", "a\x00b", "\x01\x02", "\x1b[31mred\x1b[0m", "\x7f", "\x85", "\u2028",
    "\u2029", "\ufffe", "\uffff", "\U000e0041\U000e0042", "\ud800", "\udfff", "a\ud83d", "\ude00b", "\ufdd0",
    "\u3164", "\u115f", "\u180e", "\xad", "=1+1", "=HYPERLINK(\"http://x\",\"y\")", "=cmd|' /C calc'!A0", "+1+1",
    "-1+1", "@SUM(1+1)", "\t=1+1", "\r=1+1", "\n=1+1", "'=1+1", "''=1+1", "＝1+1", "＋1", "－1", "＠SUM(A1)", ";=1+1",
    ",=1+1", "\"=1+1", "a,b", "a;b", "a\tb", "a\nb", "a\r\nb", "x" * 10_000, "ẞ" * 10_000, "🎉" * 2_000, "漢" * 5_000,
    "<" * 3_000, "&" * 3_000, "\u202e" * 500, "مرحبا", "שלום", "שָׁלוֹם", "ﷺ", "漢字", "かな", "한글", "🎉", "👩‍👩‍👧",
    "🇩🇪", "👍🏽", "é", "ﬁ", "İ", "ı", "ǆ", "ß", "ſ", "K", "naïve", "café", "Ωmega", "Привет", "ᚠᚢ", "𝔘𝔫𝔦", "𓀀",
    "\U0010ffff",
    "NaN", "null", "undefined", "None", "true", "[object Object]", "__proto__", "constructor", "toString",
    "hasOwnProperty", "[CLS]", "[SEP]", "[PAD]", "[MASK]", "<s>", "</s>", "<pad>", "<mask>", "../../etc/passwd",
    "C:\\new\\table", "file:///etc/passwd", "http://example.com/?a=b&c=d", "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)", "style=background:url(javascript:alert(1))", "expression(alert(1))", "@import 'x'",
    "url(x)", "*{color:red}", "onclick=alert(1)", "\" onmouseover=\"alert(1)", "' onfocus='alert(1)' autofocus='",
    "<body onload=alert(1)>", "<details open ontoggle=alert(1)>", "<video><source onerror=alert(1)>",
    "<object data=javascript:alert(1)>", "<embed src=javascript:alert(1)>", "<base href=//x>",
    "<link rel=import href=x>", "<meta http-equiv=refresh content=0;url=javascript:alert(1)>",
    "<form action=javascript:alert(1)><input type=submit>", "<input autofocus onfocus=alert(1)>",
    "<marquee onstart=alert(1)>", "<keygen autofocus onfocus=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">", "<xmp><script>alert(1)</script></xmp>",
    "<plaintext>", "<isindex>", "<frameset onload=alert(1)>", "<table background=javascript:alert(1)>",
    "<?xml version='1.0'?>", "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>", "<![CDATA[x]]>",
    "<use href=\"data:image/svg+xml,<svg id='x' onload='alert(1)'/>#x\">",
    "<foreignObject><script>alert(1)</script></foreignObject>",
    "<animate attributeName=href values=javascript:alert(1)>", "<set attributeName=onmouseover to=alert(1)>", "%00",
    "%0d%0aSet-Cookie:x", "\r\n\r\n<html>", "$(alert)", "$&", "$1", "\\1", "%s%s%s", "{0}", "{}", "%(x)s", "$x$",
    "\\begin{x}", "`alert`", "1e309", "-0", "0x41", "1/0", "Infinity", "\u00a0", "\u3000", "\u2003a", "a b", "  ",
    "#", "//", "/*", "*/", "<!--", "-->", "|||", " ||| ",
)  # fmt: skip
