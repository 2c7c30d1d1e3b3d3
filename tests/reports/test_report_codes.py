from __future__ import annotations

from comfyfixersmart.core.knowledge import document
from comfyfixersmart.core.readiness.types import INFO, STATUSES
from comfyfixersmart.core.reports.codes import GROUPS, codes, evidence_word, group, merged, ordered
from comfyfixersmart.core.reports.history import _SAYS
from report_samples import every_code


def test_every_code_is_documented_in_one_paragraph() -> None:
    for name, code in codes().items():
        assert code.title and code.weight in (*STATUSES, INFO), name
        assert code.text.endswith(".") and "\n" not in code.text and 80 < len(code.text) < 600, name
        assert "!" not in code.text + code.title, name


def test_the_registry_and_the_examples_cover_each_other() -> None:
    assert {finding.code for finding in every_code()} == set(codes())
    for finding in every_code():
        assert codes()[finding.code].weight == finding.weight


def test_what_only_informs_has_no_reason_and_all_else_has() -> None:
    assert {name for name, code in codes().items() if code.weight != INFO} == set(_SAYS)


def test_informing_findings_stand_last_and_local_fixes_before_downloads() -> None:
    order = [every_code()[at] for at in ordered(every_code())]
    assert [group(finding) for finding in order] == sorted(group(finding) for finding in order)
    assert GROUPS[group(order[-1])] == "Good to know"
    assert [finding.code for finding in order][:4] == ["MODEL002", "MODEL003", "MODEL004", "MODEL001"]


def test_node_types_of_one_pack_are_one_item() -> None:
    items = merged(every_code())
    assert [one.names for one in items if len(one.names) > 1] == [("RS_VideoCombine", "RS_LoadVideo")]
    assert sum(len(one.names) for one in items) == len(every_code())


def test_what_the_workflow_claims_is_never_shown_as_found() -> None:
    assert evidence_word("url", "") == evidence_word("pack_hint", "/srv/x") == "IN THE WORKFLOW"
    assert evidence_word("wrong_folder", "") == evidence_word("something new", "/srv/x") == "ON THIS DISK"
    assert evidence_word("same_name", "/srv/x") == evidence_word("something new", "") == ""


def test_the_document_says_schema_source_and_date() -> None:
    assert {"schema", "source", "date", "codes"} == set(document("findings"))
