"""Everything that changes the disk: a plan, a person's approval of it, the run, the journal, and the way back."""
