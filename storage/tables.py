"""Tables: every table's module imported, so that the schema's MetaData is whole."""

from storage import (
    answers,
    audit,
    authority,
    credentials,
    jobs,
    members,
    messages,
    people,
    pins,
    reactions,
    reads,
    rooms,
    timeline,
)
from storage.schema import metadata

__all__ = ["metadata"]

TABLES = (
    answers.answers,
    audit.audit,
    audit.audit_head,
    authority.authority,
    credentials.codes,
    credentials.passwords,
    credentials.sessions,
    credentials.tokens,
    jobs.jobs,
    members.members,
    messages.messages,
    people.people,
    pins.pins,
    reactions.reactions,
    reads.reads,
    rooms.rooms,
    timeline.events,
)
