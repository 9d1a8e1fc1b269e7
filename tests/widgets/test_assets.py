"""One script of plain modules: small, of names that do not meet, with nothing fetched."""

import gzip
import re
from collections import Counter
from pathlib import Path

from bertmagic import widgets
from bertmagic.widgets import assets

FOLDER = Path(widgets.__file__).parent


def test_every_module_is_in_it_and_no_import_is_left():
    script = assets.script()
    others = {"panel_copy"}  # the panel's own
    assert {path.stem for path in FOLDER.glob("*.js")} - others == set(assets._MODULES)
    assert not re.search(r"^(import|export (?!default))", script, re.MULTILINE)
    assert script.count("export default") == 1


def test_no_name_is_there_twice():
    names = re.findall(
        r"^(?:async )?(?:function|class|const|let) (\w+)|^const \[(.*?)\]", assets.script(), re.MULTILINE
    )
    assert [name for (name, _), many in Counter(names).items() if many > 1] == []


def test_it_is_small_and_fetches_nothing():
    assert len(gzip.compress(assets.script().encode())) < 60_000
    addresses = set(re.findall(r"https?://[^\s\"'`]+", assets.script() + assets.style()))
    assert addresses == {"http://www.w3.org/1998/Math/MathML", "http://www.w3.org/2000/svg"}
    assert not re.search(r"\bfetch\(|XMLHttpRequest|import\(|innerHTML|\beval\(|@import", assets.script())
