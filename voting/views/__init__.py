"""Pages of voting: `polls` (what is there), `ballot` (cast), `receipts` (find again), `boards` (watch), `results` (read)."""
