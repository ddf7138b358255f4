"""Whom a policy concerns, counted: people and machines of the Organization, whatever they ask for."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from governor.core.globs import is_glob, matches
from governor.core.policy.applicable import limit_rule
from governor.core.policy.header import Header, Selector
from governor.core.policy.kinds import Quota
from governor.core.policy.organization import Organization
from governor.core.policy.scope_attributes import account_attributes, person_attributes
from governor.core.scopes import NONE_VALUE

KNOWN = frozenset({"user", "kind", "team", "department"})
"""Attributes that follow from who asks; the others follow from what is asked."""


class Reach:
    """The people and machines of one version of the Organization, found by their attributes.

    Args:
        organization: Who there is.
        now: Where they are: people move.
    """

    def __init__(self, organization: Organization, now: datetime) -> None:
        self._organization = organization
        self._now = now
        self._attributes: dict[str, Mapping[str, str]] = {
            person.user: person_attributes(person, now)
            for person in organization.people.values()
            if person.is_active(now)
        }
        self._accounts = frozenset(organization.service_accounts)
        for account in organization.service_accounts.values():
            self._attributes[account.name] = account_attributes(account, now)
        self._holders: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for name, attributes in self._attributes.items():
            for key, value in attributes.items():
                self._holders[key][value].add(name)
        for person in organization.people.values():
            for team in person.teams if person.user in self._attributes else ():
                self._holders["team"][team].add(person.user)

    def everybody(self) -> frozenset[str]:
        """Return all names."""
        return frozenset(self._attributes)

    def is_account(self, name: str) -> bool:
        """Tell whether a name is a machine's."""
        return name in self._accounts

    def attributes(self, name: str) -> Mapping[str, str]:
        """Return who somebody is: ``user kind team department``."""
        return self._attributes[name]

    def members(self, key: str, value: str) -> frozenset[str]:
        """Return those of whom an attribute says this: the people and machines of a department."""
        return frozenset(self._holders[key].get(value, ()))

    def concerned(self, header: Header) -> tuple[frozenset[str], bool]:
        """Return whom a policy may concern, and whether that depends on what they ask for."""
        found, at_most = self._selected(header.applies_to)
        if header.excluded is not None:
            excluded, depends = self._selected(header.excluded)
            found = found if depends else found - excluded
            at_most = at_most or depends
        return found, at_most

    def limited(self, quota: Quota, rule: str) -> tuple[frozenset[str], bool]:
        """Return those whose budget of a quota gets its limit from one rule (``limit``, ``limits[0]``)."""
        found, at_most = self.concerned(quota.header)
        if not quota.limits:
            return found, at_most
        mine: set[str] = set()
        rules: dict[tuple[tuple[str, str], ...], str] = {}
        for name in found:
            attributes = self._attributes[name]
            scope = tuple((key, attributes.get(key, NONE_VALUE)) for key in quota.per)
            if scope not in rules:
                rules[scope] = _plain(limit_rule(quota, scope, self._organization, self._now)[0])
            if rules[scope] == rule:
                mine.add(name)
        if not set(quota.per) <= KNOWN and not mine:
            return found, True
        return frozenset(mine), at_most

    def _selected(self, selector: Selector) -> tuple[frozenset[str], bool]:
        found: set[str] | None = None
        at_most = False
        for key, patterns in selector.terms:
            if key not in KNOWN:
                at_most = at_most or patterns != ("*",)
                continue
            holders = self._holders[key]
            named: set[str] = set()
            for pattern in patterns:
                values = [value for value in holders if matches(pattern, value)] if is_glob(pattern) else [pattern]
                named.update(*(holders.get(value, set()) for value in values))
            found = named if found is None else found & named
        return frozenset(self._attributes) if found is None else frozenset(found), at_most


def _plain(rule: str) -> str:
    return rule if rule.startswith("limits[") else "limit"
