"""Exceptions: asked for, decided and looked back at; one verb a file, ``now`` and a known person passed in."""
