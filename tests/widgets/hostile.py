"""Tokens and labels that mean harm, or that hardly anything can show."""

MARKUP = [
    "<script>{}</script>", "</script><script>{}</script>", "</script><img src=x onerror={}>", "<img src=x onerror={}>",
    '"><img src=x onerror={}>', "'><img src=x onerror={}>", "<svg onload={}>", "<svg><script>{}</script></svg>",
    "</style><script>{}</script>", "</title><script>{}</script>", "</text><script>{}</script>", "<!--<script>{}//",
    "--><script>{}</script>", "]]><script>{}</script>", "<![CDATA[<script>{}</script>]]>",
    "<iframe srcdoc='<script>{}</script>'>",
    "<a href='javascript:{}'>x</a>", "javascript:{}", "data:text/html,<script>{}</script>", "<body onload={}>",
    "<math><mtext></mtext><script>{}</script></math>", "<details open ontoggle={}>", "<input autofocus onfocus={}>",
    '" onmouseover={} "', "' onmouseover={} '", "`;{};`", "${{{}}}", "{{{{{}}}}}", "{{%{}%}}",
    "\\u003cscript>{}</script>",
    "&lt;script&gt;{}&lt;/script&gt;", "&#60;script&#62;{}&#60;/script&#62;", "\\x3cscript\\x3e{}", "';{};//",
    '";{};//',
    "</meta><meta http-equiv=refresh content=0;url=javascript:{}>",
]  # fmt: skip
CALLS = ["alert(1)", "document.title='hit'", "window.hit=1", "fetch('http://198.51.100.1/')"]
UNSEEN = [
    "\x00", "a\x00b", "\x01\x02", "\x1b[31mred", "\x7f", "\x85", "\u200b", "a\u200bb", "\u202eevil\u202c",
    "\u2066x\u2069",
    "\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff", "\ufdd0", "\U000e0041", "\u00ad", "\u2060", "\ud800",
    "\udfff", "a\ud83d",
    "\udc00b",
    "\u3164", "\u115f", "\u061c", "\u200d", "\u200c",
]  # fmt: skip
FORMULAS = [
    "=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "''", '"', '""', ",", "a,b",
    'a"b', "a\nb", " =1", "＝1", "＋1", "－1", "＠1", "a\r\nb", ";", "|",
]  # fmt: skip
SCRIPTS = [
    "שלום",
    "العربية",
    "中文",
    "日本語",
    "한국어",
    "ไทย",
    "हिन्दी",
    "👩‍👩‍👧‍👦",
    "🏳️‍🌈",
    "e\u0301" * 20,
    "Z̸͑̚" * 9,
    "ﷺ",
]
LONG = ["x" * 10_000, "<b>" * 3_334, "字" * 10_000]

TOKENS = [mark.format(call) for mark in MARKUP for call in CALLS] + UNSEEN + FORMULAS + SCRIPTS + LONG
LABELS = [mark.format("window.hit=1") for mark in MARKUP] + UNSEEN + FORMULAS + LONG
