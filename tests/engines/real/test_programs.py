"""What a suite of the build comes to, for those who run one."""

import pytest

from programs import program, suite


def played(tmp_path, text):
    path = tmp_path / "suite"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return suite([str(path)], 10, WORD="said")


def test_tests_are_told_by_name_and_skipped_ones_not_at_all(tmp_path):
    passed, failed, words = played(tmp_path, "echo 'ok 1 - one'; echo 'not ok 2 - two'; echo 'ok 3 - three # SKIP'; echo $CMOCKA_MESSAGE_OUTPUT $WORD; exit 1")
    assert (passed, failed) == (["one"], ["two"])
    assert "TAP said" in words


@pytest.mark.parametrize("end", ["exit 1", "kill -9 $$"])
def test_a_suite_that_ends_in_another_way_fails(tmp_path, end):
    with pytest.raises(AssertionError):
        played(tmp_path, f"echo 'ok 1 - one'; {end}")


def test_what_is_not_built_is_skipped():
    with pytest.raises(pytest.skip.Exception):
        program("net", "nothing of that name")
