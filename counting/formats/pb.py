"""Pabulib .pb files (counting.pabulib) as one format among others."""

from counting.formats.election import CannotWrite, Election, FormatError
from counting.pabulib import PabulibError, read_pabulib, rule_of, write_pabulib


def read(data: bytes) -> Election:
    """The election of a Pabulib file, with the rule its META section names where we have it. Raises FormatError."""
    try:
        file = read_pabulib(data)
    except PabulibError as error:
        raise FormatError(error.line, error.reason) from None
    rule, named = rule_of(file.meta), file.meta["rule"]
    note = f"The round was decided by the rule {named}, which is none of ours."
    if named == "greedy-exclusive":
        note = "The file does not say which projects exclude each other: name them with --set groups=[[…],…]."
    return Election(
        format="pabulib", names={project.id: project.name for project in file.projects}, profile=file.profile(),
        title=" ".join(file.meta[key] for key in ("country", "unit", "instance")), costs=file.costs, budget=file.budget,
        scale=file.scale, rule=rule, pabulib=file,
        notes=() if rule else (note,),
    )  # fmt: skip


def write(election: Election) -> bytes:
    """The file again as Pabulib has it. Raises CannotWrite for elections that were none."""
    if election.pabulib is None:
        raise CannotWrite("Pabulib needs costs, a budget and the description of the round, which this file does not have")
    return write_pabulib(election.pabulib).encode()
