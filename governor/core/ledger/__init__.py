"""The arithmetic of money: counters, reservations, settlements. Pure; storage is elsewhere."""
