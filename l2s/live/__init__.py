"""In memory: peers, the hub of topics, fan-out, presence. No transport and no store is known here."""
