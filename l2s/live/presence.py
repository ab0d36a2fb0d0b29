"""Which users are there: connections, what they said, when they last acted. In memory alone; nobody's minutes are stored.

A closed browser counts for `grace` (a reload), silence for `idle`. `tick` finds what time alone has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from l2s.domain.availability import Attendance, Availability, is_here, serves
from l2s.domain.people import Actor, User


class Told(NamedTuple):
    """What a site's visitors hear: "here" with at most three names, or "away"."""

    availability: Availability
    people: tuple[tuple[str, str], ...]


class SiteOf(NamedTuple):
    """What presence needs to know of a site."""

    account: str
    department: str


class Presence:
    """Seats by user. `changed` is called with an account whenever somebody came, went, or fell silent."""

    def __init__(self, now: Callable[[], int], idle: int, grace: int) -> None:
        self._now = now
        self._idle = idle
        self._grace = grace
        self._seats: dict[str, Attendance] = {}
        self._users: dict[str, User] = {}
        self._connections: dict[str, int] = {}
        self._here: dict[str, bool] = {}
        self.changed: Callable[[str, str], None] = lambda account, user: None

    def arrive(self, actor: Actor, user: User) -> None:
        """One more connection of a user."""
        self._connections[actor.id] = self._connections.get(actor.id, 0) + 1
        self._users[actor.id] = user
        seat = Attendance(actor.id, actor.account, user.available, self._now(), None, actor.sites, actor.departments)
        self._put(seat)

    def depart(self, user: str) -> None:
        """One connection less."""
        left = self._connections.get(user, 1) - 1
        self._connections[user] = left
        seat = self._seats.get(user)
        if seat and left <= 0:
            self._put(msgspec.structs.replace(seat, left=self._now()))

    def act(self, user: str) -> None:
        """The user did something."""
        seat = self._seats.get(user)
        if seat:
            self._put(msgspec.structs.replace(seat, acted=self._now()))

    def learn(self, user: User) -> None:
        """A user's name, state or availability changed."""
        seat = self._seats.get(user.id)
        if seat:
            self._users[user.id] = user
            available = user.available and user.state == "active"
            self._put(msgspec.structs.replace(seat, available=available, acted=self._now()))

    def user(self, user: str) -> User | None:
        """A user who has a seat."""
        return self._users.get(user)

    def is_here(self, user: str) -> bool:
        """Connected, available and active?"""
        seat = self._seats.get(user)
        return seat is not None and is_here(seat, self._now(), self._idle, self._grace)

    def is_connected(self, user: str) -> bool:
        """Is any console of this user open, idle or not? A reload counts as open."""
        seat = self._seats.get(user)
        return seat is not None and (seat.left is None or self._now() - seat.left < self._grace)

    def of_site(self, site: str, place: SiteOf) -> Told:
        """What visitors of this site hear now."""
        here = [
            seat.user
            for seat in self._seats.values()
            if seat.account == place.account and serves(seat, site, place.department) and self.is_here(seat.user)
        ]
        people = tuple((user, self._users[user].name) for user in sorted(here)[:3])
        return Told("here" if people else "away", people)

    def tick(self) -> None:
        """Time has passed: tell who fell silent or whose grace ended; forget the long gone."""
        for seat in list(self._seats.values()):
            self._tell(seat)
            if self._connections.get(seat.user, 0) <= 0 and not self.is_here(seat.user):
                for memory in (self._seats, self._users, self._connections, self._here):
                    memory.pop(seat.user, None)

    def _put(self, seat: Attendance) -> None:
        self._seats[seat.user] = seat
        self._tell(seat)

    def _tell(self, seat: Attendance) -> None:
        here = self.is_here(seat.user)
        if self._here.get(seat.user, False) != here:
            self._here[seat.user] = here
            self.changed(seat.account, seat.user)
