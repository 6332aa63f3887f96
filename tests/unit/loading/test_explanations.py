"""Every code is explained, by examples that are what they are said to be."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hookgate.loading.codes import Code
from hookgate.loading.explanations import Explanation, all_codes, explanation
from hookgate.loading.load import load

VARIABLES = ("CI_TOKEN", "OLD_TOKEN", "GITHUB_WEBHOOK_SECRET", "SHOP_SECRET")
ENVIRON = {"PATH": "/usr/bin:/bin"} | dict.fromkeys(VARIABLES, "s3cr3t")


def told(code: str) -> Explanation:
    found = explanation(code)
    assert found is not None
    return found


def codes_in(text: str, explained: Explanation, directory: Path) -> set[str]:
    for name, content in explained.files.items():
        (directory / name).write_text(content)
    loaded = load(text, "rules.yaml", str(directory), ENVIRON)
    return {problem.code for problem in loaded.problems}


@pytest.mark.parametrize("code", all_codes())
def test_the_wrong_example_has_that_finding_alone_and_the_right_one_none(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    explained = told(code)
    if code == Code.NO_LIBRARY.number:
        monkeypatch.setitem(sys.modules, "hookgate.auth.public_keys", None)
    assert codes_in(explained.bad, explained, tmp_path) == {code}
    assert codes_in(explained.good, explained, tmp_path) == set()


def test_every_code_is_explained_in_its_own_words() -> None:
    explained = [told(code) for code in all_codes()]
    assert {one.code: (one.title, one.severity) for one in explained} == {
        code.number: (code.title, code.severity) for code in Code
    }
    assert len({one.meaning for one in explained}) == len(explained)


@pytest.mark.parametrize("code", all_codes())
def test_a_meaning_has_two_paragraphs_of_whole_sentences(code: str) -> None:
    paragraphs = told(code).meaning.split("\n\n")
    assert len(paragraphs) == 2
    for paragraph in paragraphs:
        assert paragraph.endswith((".", "it."))
        assert "\n" not in paragraph


def test_a_code_that_does_not_exist_has_no_explanation() -> None:
    assert explanation("HG999") is None
    assert explanation("hg204") is None


def test_there_is_no_explanation_of_a_code_that_does_not_exist() -> None:
    folder = Path(__file__).parents[3] / "hookgate" / "loading" / "explanations"
    assert {path.stem for path in folder.iterdir()} == set(all_codes())
