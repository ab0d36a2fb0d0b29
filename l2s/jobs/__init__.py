"""What happens by time alone: one loop on the Clock; each job calls an action."""
