"""The pages for people: sign in, ask, decide, see what was refused; plain HTML, no script, nothing from outside."""
