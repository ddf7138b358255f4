"""Everything that changes decisions arrives through here: an immutable value, swapped by one assignment."""

from collections.abc import Sequence
from dataclasses import dataclass

from governor.core.models import ModelCatalog, ModelLookup
from governor.core.policy.header import Header
from governor.core.policy.kinds import ContextLimit, ModelAllowlist, Quota
from governor.core.policy.organization import Organization
from governor.core.prices import PriceBook, PriceLookup


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Everything that a policy folder says, compiled: what the compiler makes. Picklable.

    Attributes:
        version: Digest of the folder's text (hex), or the commit.
        headers: The envelope of every document, for listings.
    """

    version: str
    organization: Organization
    catalog: ModelCatalog
    prices: PriceBook
    allowlists: Sequence[ModelAllowlist] = ()
    context_limits: Sequence[ContextLimit] = ()
    quotas: Sequence[Quota] = ()
    headers: Sequence[Header] = ()


@dataclass(frozen=True, slots=True)
class Catalogues:
    """The external price catalogue, injected; both None when policies say ``catalogue: none``."""

    models: ModelLookup | None = None
    prices: PriceLookup | None = None


NO_CATALOGUES = Catalogues()
