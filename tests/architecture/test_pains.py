"""The README's table of thirty pains: complete, and every test that it names is there."""

import ast
import re

from tests.architecture.tree import ROOT

ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| (?:`([^`|]+)::(\w+)`|–) \|$", re.MULTILINE)


def test_every_pain_has_an_answer_and_a_test_or_says_that_it_has_none_yet() -> None:
    rows = ROW.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert [int(number) for number, *_ in rows] == list(range(1, 31))
    for number, _, answer, file, name in rows:
        if not file:
            assert answer.startswith("not yet"), f"pain {number} has an answer and no test"
            continue
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert name in names, f"pain {number}: {file} has no {name}"
