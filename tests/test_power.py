"""No acknowledgement leaves before the WAL was synced: 500 messages under strace, and the judge's own proof on short traces."""

from __future__ import annotations

import pytest

from tests.faults import power

WAL, SOCKET = "9</data/l2s.db-wal>", "15<socket:[77]>"


def _judge(*lines: str) -> power.Verdict:
    return power.judge(power.calls_in(lines), ["v0.1"])


def _write(pid: int = 8) -> str:
    return f'{pid} pwrite64({WAL}, "\\1\\2 ~v0.1~ hello", 4096, 56) = 4096'


def _sync(pid: int = 8) -> str:
    return f"{pid} fdatasync({WAL}) = 0"


def _ack(pid: int = 7) -> str:
    return f'{pid} sendto({SOCKET}, "\\201~v0.1~ hello", 30, 0, NULL, 0) = 30'


def test_write_then_sync_then_ack_is_in_order() -> None:
    verdict = _judge(_write(), _sync(), _ack())
    assert verdict.premise
    assert not verdict.early


@pytest.mark.parametrize(
    "lines",
    [
        (_write(), _ack(), _sync()),
        (_sync(), _write(), _ack()),
        (_write(), _ack()),
        (_write(), "8 fdatasync(9</data/l2s.db>) = 0", _ack()),
        (_write(), f"8 fdatasync({WAL} <unfinished ...>", _ack(), "8 <... fdatasync resumed>) = 0"),
        (_write()[:-7] + " <unfinished ...>", _sync(6), "8 <... pwrite64 resumed>) = 4096", _ack()),
    ],
    ids=["ack first", "sync too old", "no sync", "sync of another file", "sync not yet over", "write not yet over"],
)
def test_an_ack_that_no_finished_sync_precedes_is_early(lines: tuple[str, ...]) -> None:
    verdict = _judge(*lines)
    assert verdict.premise
    assert verdict.early == ["v0.1"]


def test_a_message_that_the_trace_does_not_show_breaks_the_premise() -> None:
    assert not _judge(_sync(), _ack()).premise
    assert not _judge(_write(), _sync()).premise
    assert not _judge(_write(), _sync(), _ack(), f'7 sendto({SOCKET}, "\\201~v0.2~ he"..., 3000, 0, NULL, 0) = 3000').premise


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_no_ack_leaves_before_the_sync_that_follows_the_write_of_its_message() -> None:
    verdict = await power.run(500, seed=4)
    print(verdict.text())
    assert verdict.premise, verdict
    assert verdict.messages == 500
    assert list(verdict.early) == []
    assert max(verdict.groups) >= 8, "messages were to be committed in groups"
