"""The reference and the help have everything that the sources have."""

import re

from support.pages import ROOT, drop_reasons, names, rows

TROUBLES = "docs/troubleshooting.md"
# Of --json, about a tunnel or a host that is well.
WELL = {"handshake", "engine"}


def doctors_codes():
    """The names that the doctor gives to causes."""
    codes = set()
    for path in [*ROOT.glob("src/doctor/*.cpp"), ROOT / "src/command/doctor.cpp"]:
        text = path.read_text(encoding="utf-8")
        codes |= set(re.findall(r'Grade::k\w+,\s*"([a-z-]+)"', text))
        codes |= set(re.findall(r'\b(?:good|problem)\(\s*"([a-z-]+)",', text))
        codes |= set(re.findall(r'\.code = "([a-z-]+)"', text))
        codes |= set(re.findall(r'return \{grade,\s*"([a-z-]+)"', text))
    return codes


def test_each_drop_reason_has_a_meaning_and_a_cure():
    table = rows(TROUBLES, "reason")
    assert [names(row["reason"])[0] for row in table] == drop_reasons()
    assert all(row["meaning"] and row["what to do"] for row in table)


def test_each_cause_of_the_doctor_is_there():
    codes = doctors_codes()
    assert len(codes) >= 28
    text = (ROOT / TROUBLES).read_text(encoding="utf-8")
    assert [code for code in codes - WELL if f"`{code}`" not in text] == []
    # And no other.
    assert {names(row["code"])[0] for row in rows(TROUBLES, "code")} <= codes


def test_each_other_trouble_names_the_test_that_makes_it():
    table = rows(TROUBLES, "you see") + rows(TROUBLES, "message")
    assert len(table) >= 20
    for row in table:
        (named,) = names(row["shown by"])
        file, _, test = named.partition(": ")
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), named
