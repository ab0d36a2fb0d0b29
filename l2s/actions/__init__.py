"""One function per thing a person does: it builds a unit, or reads. Every transport goes through here (DESIGN 5)."""
