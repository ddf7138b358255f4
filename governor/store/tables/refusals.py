"""What was refused lately, as people are told of it."""

from sqlalchemy import Index

from governor.store.tables.columns import STRICT, Stored, number, octets, table, words


class Refusals(Stored, table=True):
    """Refused requests of an hour that are alike: whose, for which model, for which reasons; how many, and the latest.

    A projection of `decisions`, so that whoever asks for a person's refusals looks at no decision of others.
    """

    __tablename__ = "refusals"
    __table_args__ = (Index(None, "requester", "at_ms"), Index(None, "department", "at_ms"), STRICT)

    digest: bytes = octets(key=True)
    requester: str = words()
    team: str = words()
    department: str = words()
    project: str = words()
    use_case: str = words()
    model: str = words()
    reasons: bytes = octets()
    message: str = words()
    times: int = number()
    at_ms: int = number()
    decision_id: bytes = octets()


REFUSALS = table(Refusals)
