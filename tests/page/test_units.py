"""The page's logic, module by module, in the browser that runs it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Route

from tests.page.conftest import Opener
from tests.page.serving import Site

UNIT = Path(__file__).parent / "unit"
WEB = Path(__file__).parents[2] / "web"


@pytest.mark.parametrize("name", sorted(path.stem for path in UNIT.glob("[a-z]*.js")))
def test_logic(name: str, shared: Site, open_page: Opener) -> None:
    page = open_page(shared)

    def answer(route: Route) -> None:
        file = UNIT / route.request.url.rsplit("/", 1)[1]
        route.fulfill(body=file.read_text("utf-8"), content_type="text/javascript")

    page.route("**/unit/*.js", answer)
    found = page.evaluate("name => import('/unit/_harness.js').then(({ run }) => run(`/unit/${name}.js`))", name)
    assert found["count"] > 0
    assert not found["failures"], "\n".join(found["failures"])


def test_modules_are_small_and_say_what_they_are() -> None:
    for path in [*WEB.rglob("*.js"), *WEB.rglob("*.css")]:
        if "vendor" in path.parts:
            continue
        text = path.read_text("utf-8")
        assert text.startswith(("// ", "/* ")), f"{path.name} does not say what it is"
        limit = 1100 if path.suffix == ".css" else 600 if path.parent.name == "i18n" else 420
        assert len(text.splitlines()) <= limit, path.name


def test_no_modules_import_each_other_in_a_circle() -> None:
    pattern = re.compile(r"""(?:from|import)\s+["'](\.[^"']+)["']""")
    imports = {
        path: {(path.parent / name).resolve() for name in pattern.findall(path.read_text("utf-8"))}
        for path in (each.resolve() for each in WEB.rglob("*.js"))
        if "vendor" not in path.parts
    }
    assert sum(map(len, imports.values())) > 100
    while leaves := [path for path, needed in imports.items() if not needed & imports.keys()]:
        for path in leaves:
            del imports[path]
    assert not imports, f"in circles: {sorted(path.name for path in imports)}"


def test_no_markup_is_made_from_text() -> None:
    for path in WEB.rglob("*.js"):
        if "vendor" in path.parts:
            continue
        text = path.read_text("utf-8")
        for word in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "unsafeHTML",
        ):
            assert word not in text, f"{path.name} uses {word}"


def test_every_vendored_library_has_its_licence() -> None:
    folders = [path for path in (WEB / "vendor").iterdir() if path.is_dir()]
    listed = (WEB / "vendor" / "README.md").read_text("utf-8")
    for folder in folders:
        assert (folder / "LICENSE").is_file(), folder.name
        assert folder.name in listed, f"{folder.name} is not in vendor/README.md"
