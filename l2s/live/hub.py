"""Topics and who follows them. A topic is (kind, id): ("visitor", …), ("account", …), ("site", …), ("user", …)."""

from __future__ import annotations

from collections.abc import Iterable

from l2s.live.peer import Peer

Topic = tuple[str, str]


class Hub:
    """Who is connected, by topic. Lives in one event loop."""

    def __init__(self) -> None:
        self._topics: dict[Topic, dict[Peer, None]] = {}
        self.peers: dict[Peer, None] = {}

    def join(self, peer: Peer, *topics: Topic) -> None:
        """Follow topics."""
        self.peers[peer] = None
        for topic in topics:
            if topic not in peer.topics:
                peer.topics += (topic,)
            self._topics.setdefault(topic, {})[peer] = None

    def leave(self, peer: Peer) -> None:
        """Follow nothing any more."""
        self.peers.pop(peer, None)
        for topic in peer.topics:
            followers = self._topics.get(topic)
            if followers is not None:
                followers.pop(peer, None)
                if not followers:
                    del self._topics[topic]
        peer.topics = ()

    def leave_topic(self, peer: Peer, topic: Topic) -> None:
        """Stop following one topic."""
        peer.topics = tuple(one for one in peer.topics if one != topic)
        followers = self._topics.get(topic)
        if followers is not None:
            followers.pop(peer, None)
            if not followers:
                del self._topics[topic]

    def of(self, *topic: str) -> Iterable[Peer]:
        """A topic's followers."""
        return self._topics.get((topic[0], topic[1]), ())

    def topics(self, kind: str) -> list[str]:
        """Ids of the topics of a kind that somebody follows."""
        return [name for one, name in self._topics if one == kind]
