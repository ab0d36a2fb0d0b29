"""The wire, independent of any transport. Two audiences, two command tables; frames carry whole objects (DESIGN 7)."""

PROTOCOL = 1  # told in hello; within a number only optional fields are added (D12)
