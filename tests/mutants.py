"""Planted faults: each must turn its test red, by that test's own assertion.

    python tests/mutants.py [--quick] [NAME …]

A mutant is (name, file, exact old text, new text, test). It is planted into a copy of the tree; the old text must be there
exactly once, and the test must be green without the fault. `--quick` leaves out those whose test takes long.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
GUARD = 300


class Mutant(NamedTuple):
    """One fault."""

    name: str
    file: str
    old: str
    new: str
    test: str
    slow: bool = False


KILLS = "tests/test_kills.py::test_twelve_kills"
SOAK = "tests/browser/test_soak.py"
MUTANTS = [
    Mutant("ack and publish before commit", "l2s/store/engine.py", '            reach("before_commit")\n', '            self._pump_task.get_loop().call_soon_threadsafe(self.publish, [e for t in group for e in t.events])\n            __import__("time").sleep(0.01)\n            reach("before_commit")\n', KILLS, True),
    Mutant("seq from memory", "l2s/domain/chats.py", "    rev, pub = chat.rev + 1, chat.pub + 1\n    said =", "    say.__dict__[chat.id] = say.__dict__.get(chat.id, 0) + 1\n    rev, pub = chat.rev + 1, say.__dict__[chat.id]\n    said =", KILLS, True),
    Mutant("a held peer drains on", "l2s/live/peer.py", "while self._frames and not self._held and not self.dead", "while self._frames and not self.dead", "tests/test_peer.py"),
    Mutant("no sync before the ack", "l2s/store/engine.py", "PRAGMA synchronous=FULL", "PRAGMA synchronous=NORMAL", "tests/test_power.py::test_no_ack_leaves_before_the_sync_that_follows_the_write_of_its_message", True),
    Mutant("dedupe off", "l2s/actions/visitors.py", "again = resent(house, sql, visit, key, text, at) if known.duplicate is not None else None", "again = None", "tests/test_chat.py::test_a_resend_is_answered_with_the_stored_message_and_doubles_nothing"),
    Mutant("no unique (author, client id)", "l2s/store/schema/0001_first.sql", "CREATE UNIQUE INDEX messages_once", "CREATE INDEX messages_once", "tests/test_gates.py::test_an_author_cannot_use_an_id_twice"),
    Mutant("a note goes to the visitor", "l2s/protocol/audience.py", '            if message.kind == "note":\n                return None\n', "", "tests/test_chat.py::test_a_visitor_never_hears_of_a_note"),
    Mutant("resume from one too far", "l2s/store/messages.py", "pub > ?2 AND {_VISIBLE}", "pub > ?2 + 1 AND {_VISIBLE}", "tests/test_chat.py::test_a_resume_brings_exactly_the_gap"),
    Mutant("two winners", "l2s/domain/chats.py", '        raise Conflict("taken", user=chat.owner)\n', "        pass\n", "tests/test_chat.py::test_only_one_of_two_operators_takes_a_chat"),
    Mutant("the gate keeps the full address", "l2s/privacy/classes.py", "    if level >= own:\n        return stored\n", "    if level >= own or cls == 'address':\n        return stored\n", "tests/test_canaries.py::test_what_is_declared_is_kept_at_exactly_its_level"),
    Mutant("one log line of the header", "l2s/web/visitor_session.py", "        choice = self._choice(law)\n        door, since", "        import logging; logging.getLogger().warning(self.door.agent)\n        choice = self._choice(law)\n        door, since", "tests/test_canaries.py::test_what_is_not_declared_is_found_nowhere"),
    Mutant("served time is not asked", "l2s/privacy/ledger.py", " and now.shown - then.shown >= NOTICE", "", "tests/test_canaries.py::test_a_widening_acts_after_fifteen_days_of_wall_and_of_served_time"),
    Mutant("release ignores expiry", "l2s/privacy/gate.py", "or is_expired(rule.keep, sealed.ended, now, sealed.cls in SERVER_CLASSES)", "or False", "tests/test_canaries.py::test_expired_words_cannot_be_read_before_any_job_has_run"),
    Mutant("no scrub", "l2s/store/erasure.py", '    connection.execute("VACUUM")\n', "    return True\n", "tests/test_canaries.py::test_an_erased_chat_is_gone_and_after_the_scrub_its_bytes_too"),
    Mutant("a widening reaches open chats", "l2s/privacy/ledger.py", "rules = now if rules is None else meet(rules, now)", "rules = now", "tests/test_canaries.py::test_an_open_chat_is_not_reached_by_a_widening"),
    Mutant("objection is not heard", "l2s/web/visitor_session.py", "visit.objected or hello.objected", "visit.objected", "tests/test_canaries.py::test_whoever_objects_leaves_no_address_browser_or_page"),
    Mutant("forwarded headers of strangers", "l2s/web/arrivals.py", "while is_trusted(seen, trusted) and hops:", "while hops:", "tests/test_canaries.py::test_a_forged_forwarded_header_of_a_stranger_is_ignored"),
    Mutant("a test chat opens the scope", "l2s/actions/visitors.py", "if not visit.is_test and _open_scope", "if _open_scope", "tests/test_canaries.py::test_the_scope_opens_with_the_first_stranger_and_not_with_a_test_chat"),
    Mutant("another account's objects", "l2s/domain/rights.py", "    if thing.account != actor.account:\n        return False\n", "", "tests/test_tenancy.py"),
    Mutant("sessions outlive a disabled user", "l2s/actions/people.py", "return None, [*events, PeopleChanged(after), SessionsEnded(user.id)]", "return None, [*events, PeopleChanged(after)]", "tests/test_sessions.py"),
    Mutant("guesses are not counted", "l2s/web/doors.py", '        limits.take("signin", f"{mail.casefold()} {near}", most, PAUSE)\n', "", "tests/test_sessions.py"),
    Mutant("forms from other sites", "l2s/web/middleware.py", '            raise NotFound("cross_site")\n', "            pass\n", "tests/test_sessions.py"),
    Mutant("any page may open a socket", "l2s/web/urls.py", "return len(origins) == 1 and origins[0] == self.origin(host)", "return True", "tests/test_bad_input.py"),
    Mutant("a failing unit takes the group with it", "l2s/store/engine.py", "            self._attempt(connection, [ticket])\n", "            ticket.error = ticket.error or Unavailable('not_kept')\n", "tests/test_engine.py"),
    Mutant("a clock that is set moves timers", "l2s/actions/timers.py", "    if now.spoke is not None:\n        return author, now.steady - now.spoke\n", "", "tests/test_timers.py"),
    Mutant("an edited ledger starts", "l2s/store/mirror.py", "    if broken:\n", "    if False:\n", "tests/test_start.py", True),
    Mutant("no client resend", "l2s/static/shared/timeline.js", "    if (full) this.known = this.newest;\n", "    if (full) this.known = this.newest;\n    for (const [key, item] of this.#own) this.#own.set(key, { ...item, state: 'lost' });\n", SOAK, True),
    Mutant("an operator's resume from one too far", "l2s/store/messages.py", "AND rev > ?2 ORDER", "AND rev > ?2 + 1 ORDER", SOAK, True),
    Mutant("an admin makes an owner's link", "l2s/actions/people.py", 'need(who, "change_owner", Place(user.account))\n        if user.state', 'pass\n        if user.state', "tests/test_sessions.py"),
    Mutant("time asleep counts as served", "l2s/jobs/loop.py", "steady - self._minute[1], LEAP)", "steady - self._minute[1])", "tests/test_canaries.py::test_a_machine_that_slept_served_nothing_meanwhile"),
    Mutant("one holding skipped", "l2s/privacy/erasure.py", 'if holding.how != "keep"', 'if holding.how != "keep" and holding.name != "consents"', "tests/test_erasure.py"),
    Mutant("ledger not replayed", "l2s/actions/replay.py", "            replay_erasures(house, sql, list(missing))\n", "", "tests/test_backup.py::test_an_older_backup_brings_nothing_back"),
    Mutant("an objection comes back with a backup", "l2s/actions/replay.py", '            chats.set_objected(sql, key, bool(told["objected"]))\n', "            pass\n", "tests/test_backup.py::test_an_older_backup_brings_nothing_back"),
    Mutant("overwritten before the scrub", "l2s/store/receipts.py", "overwritten_at IS NULL AND position <= ?1", "overwritten_at IS NULL AND position <= ?1 + 9", "tests/test_erasure.py::test_an_erasure_that_came_during_a_scrub_is_not_called_overwritten"),
    Mutant("recipients do not widen", "l2s/privacy/policy.py", "        and a.recipients <= b.recipients\n", "", "tests/test_privacy_policy.py"),
    Mutant("floor forgotten", "l2s/actions/policies.py", "    return fold(meet, found) if found else None\n", "    return None\n", "tests/test_policies.py"),
    Mutant("a tick covers whatever comes", "l2s/privacy/ledger.py", "frozenset(position for position, law in laws if narrower(asked, _asked(law)))", "frozenset(position for position, law in laws)", "tests/test_my_data.py::test_a_tick_does_not_cover_a_wider_law"),
    Mutant("no tick is needed", "l2s/privacy/policy.py", "    When.TICKED: frozenset({Choice.TICKED}),", "    When.TICKED: frozenset(Choice),", "tests/test_my_data.py::test_where_a_tick_is_asked_for_nothing_is_sent_without_it"),
    Mutant("an erasure that does not wait", "l2s/actions/mydata.py", "figures.set_due(sql, ERASE_DUE, person.visitor.id, steady + WAIT)", "figures.set_due(sql, ERASE_DUE, person.visitor.id, steady)", "tests/test_my_data.py::test_an_erasure_waits_a_day_in_sight_and_then_leaves_a_receipt"),
    Mutant("shown before it is on record", "l2s/web/user_session.py", "        if not seen.noted:", "        if False:", "tests/test_my_data.py::test_an_opening_is_on_record_before_anything_is_shown_once_a_day"),
    Mutant("an audit line is believed", "l2s/domain/audit.py", "if made.hash != line.hash or", "if", "tests/test_audit.py"),
    Mutant("a touched ledger ripens", "l2s/actions/timers.py", "broken = first_break(ledger.everything(sql)) if ripe else None", "broken = None", "tests/test_policies.py::test_a_ledger_that_was_touched_lets_nothing_ripen"),
    Mutant("a hold is forgotten", "l2s/domain/chats.py", "return self.held_until is not None and self.held_until > now", "return False", "tests/test_holds.py::test_a_held_chat_is_out_of_everybodys_reach_but_to_comply"),
    Mutant("a link is a second factor", "l2s/actions/people.py", "        factors.spend(house, sql, user.id, code)\n", "", "tests/test_factors.py::test_no_sign_in_and_no_link_without_the_code_and_none_works_twice"),
    Mutant("a code works twice", "l2s/actions/factors.py", "        factors.set_step(sql, user, step)\n", "", "tests/test_factors.py::test_no_sign_in_and_no_link_without_the_code_and_none_works_twice"),
    Mutant("it leaves before anybody agreed", "l2s/actions/disclosures.py", ' if one.ground == "safety" else None', "", "tests/test_disclosures.py::test_nothing_leaves_before_somebody_else_agreed"),
    Mutant("a gag is forgotten", "l2s/store/disclosures.py", "told_at IS NULL AND coalesce(gag_until, 0) <= ?1", "told_at IS NULL AND ?1", "tests/test_disclosures.py::test_a_dated_gag_is_kept_and_ends"),
    Mutant("a browser is kept whole", "l2s/privacy/gate.py", "stored = reduce(stored, cls, rule.level, law.salt)\n    return None if", "stored = reduce(stored, cls, 2 if cls == 'browser' else rule.level, law.salt)\n    return None if", "tests/test_prove.py::test_a_server_that_keeps_what_it_declares_gets_a_green_certificate", True),
    Mutant("memory alone reaches the disk", "l2s/privacy/gate.py", "return None if sealed.fleeting else value", "return value", "tests/test_prove.py::test_whatever_is_declared_is_found_and_nothing_else", True),
    Mutant("an alarm that nobody hears", "l2s/actions/doctor.py", '        yield Line("stored", "bad", _counted(leaks))\n', '        yield Line("stored", "ok")\n', "tests/test_doctor.py::test_what_is_stored_finer_than_declared_is_bad_and_named"),
]  # fmt: skip


def plant(mutant: Mutant, folder: Path) -> None:
    """Copy the tree and plant the fault."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".git", "node_modules", ".venv", "__pycache__", "shots"))
    path = folder / mutant.file
    text = path.read_text("utf-8")
    if text.count(mutant.old) != 1:
        raise SystemExit(f"{mutant.name}: its old text stands {text.count(mutant.old)} times in {mutant.file}")
    path.write_text(text.replace(mutant.old, mutant.new), "utf-8")


def verdict(mutant: Mutant) -> tuple[str, str]:
    """("caught" | what went wrong, the run's tail)."""
    with tempfile.TemporaryDirectory(prefix="l2s-mutant-") as place:
        folder = Path(place) / "tree"
        plant(mutant, folder)
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", mutant.test],
            cwd=folder, env=os.environ | {"PYTHONPATH": str(folder)}, capture_output=True, text=True, timeout=GUARD,
        )  # fmt: skip
    told = run.stdout + run.stderr
    if run.returncode == 0:
        return "NOT CAUGHT", told
    by_itself = re.search(r"^E +(assert|AssertionError|Failed|TimeoutError)|^E +.*(assert)", told, re.M)
    return ("caught" if run.returncode == 1 and by_itself else "red for another reason"), told


def main() -> int:
    """Run the mutants; the exit code says whether all were caught."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    chosen = [m for m in MUTANTS if (m.name in given.names or not given.names) and not (given.quick and m.slow)]
    failed = 0
    with ThreadPoolExecutor(2) as pool:
        for mutant, (word, told) in zip(chosen, pool.map(verdict, chosen), strict=True):
            print(f"{word:24} {mutant.name}", flush=True)
            if word != "caught":
                failed += 1
                print("\n".join(told.splitlines()[-15:]))
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
