"""What went wrong, said in public and in the log; and texts taken out of the log. Both take two people."""
