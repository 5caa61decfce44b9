"""The demo: an invented city, accounts one can sign in as with one click, mail shown on the page. Only with DEMO=1."""
