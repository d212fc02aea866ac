"""The README tells the truth about the code."""

from __future__ import annotations

import re
from pathlib import Path

from judging import Memory

from alpaca.composition import compose, instantiated
from alpaca.llms.request import Request

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_the_code_map_lists_every_module_and_no_other() -> None:
    listed = set(re.findall(r"^(\S+\.py) ", (ROOT / "alpaca" / "README.md").read_text("utf-8"), re.MULTILINE))
    modules = {file.relative_to(ROOT / "alpaca").as_posix() for file in (ROOT / "alpaca").rglob("*.py")}
    assert listed == {module for module in modules if not Path(module).name.startswith("__")}


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 200
    assert len((ROOT / "CONTRIBUTING.md").read_text("utf-8").splitlines()) <= 60


def test_every_package_is_shipped() -> None:
    listed = re.findall(r"^    (alpaca\S*)$", (ROOT / "setup.cfg").read_text("utf-8"), re.MULTILINE)
    folders = {".".join(file.parent.relative_to(ROOT).parts) for file in (ROOT / "alpaca").rglob("__init__.py")}
    assert set(listed) == folders | {"alpaca.conf"}


def test_its_commands_for_an_own_server_need_no_price() -> None:
    commands = re.findall(r"^alpaca (generate|evaluate) (.*base_url=http://localhost\S*.*?) +#", README, re.MULTILINE)
    assert len(commands) == 2
    for stage, overrides in commands:
        config = compose(stage, overrides.split())
        served = instantiated({"llm": config["llm" if stage == "generate" else "candidate"]})["llm"]
        assert served.forecast([Request(0, "a")], 1, Memory()).usd == 0
