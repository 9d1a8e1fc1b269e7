"""One script of plain modules: small, of names that do not meet, with nothing fetched."""

import gzip
import re
from collections import Counter
from pathlib import Path

import pytest

from bertmagic import widgets
from bertmagic.widgets import assets

FOLDER = Path(widgets.__file__).parent
VIEWS = list(assets.MODULES)


def test_every_module_is_of_a_view_and_small():
    files = {path.stem: path.stat().st_size for path in FOLDER.glob("*.js")}
    assert set(files) == {name for names in assets.MODULES.values() for name in names}
    assert max(files.values()) <= 25_000
    assert max(path.stat().st_size for path in FOLDER.glob("*.css")) <= 8_000


def own_script(view):
    """Return the script of a view without the view within it, which has a scope of its own."""
    return assets.script(view).replace(assets.as_function(assets.WITHIN[view]) if view in assets.WITHIN else "", "")


@pytest.mark.parametrize("view", VIEWS)
def test_no_import_is_left(view):
    script = assets.script(view)
    assert not re.search(r"^(import|export (?!default))", script, re.MULTILINE)
    assert script.count("export default") == 1


@pytest.mark.parametrize("view", VIEWS)
def test_no_name_is_there_twice(view):
    names = re.findall(
        r"^(?:async )?(?:function|class|const|let) (\w+)|^const \[(.*?)\]", own_script(view), re.MULTILINE
    )
    assert len(names) > 20
    assert [name for (name, _), many in Counter(names).items() if many > 1] == []


@pytest.mark.parametrize("view", VIEWS)
def test_it_is_small_and_fetches_nothing(view):
    assert len(gzip.compress(assets.script(view).encode())) < 60_000
    addresses = set(re.findall(r"https?://[^\s\"'`]+", assets.script(view) + assets.style(view)))
    assert addresses <= {"http://www.w3.org/1998/Math/MathML", "http://www.w3.org/2000/svg"}
    forbidden = r"\bfetch\(|XMLHttpRequest|import\(|innerHTML|insertAdjacent|document\.write|\beval\("
    assert not re.search(forbidden, assets.script(view))
    assert not re.search(r"@import|url\(", assets.style(view))
