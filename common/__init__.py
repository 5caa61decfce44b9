"""What every app may use: refusals, text, dates, pages. Imports no app."""
