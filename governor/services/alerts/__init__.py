"""Tell people about money before they ask: notice, write once, deliver until it has arrived."""
