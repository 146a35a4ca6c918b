"""What was looked for, and what was looked for in vain: demand that no sale shows.

Plain functions of the standard library: the mapper on a YARN node calls them.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mapreduce.landed_lines import NOTHING, plain_text, uuid_text, whole_number
from remedy.events.pharmacy import MedicineSearched

DISTRICT_LENGTH = 60
QUERY_LENGTH = 100
SEARCHER_LENGTH = 100


class Search(NamedTuple):
    """One search. `medicine_id` is `NOTHING` and `query` its words when no medicine was meant."""

    medicine_id: str
    district: str
    query: str
    searcher: str
    is_found: bool


def search_in(type_name: str, body: Mapping[str, Any]) -> Search | None:
    """The search an event tells of; None if it tells of something else."""
    if type_name != MedicineSearched.TYPE:
        return None
    meant = body["medicine_id"]
    query = "" if meant else plain_text(body["query"], QUERY_LENGTH).casefold()
    return Search(
        medicine_id=uuid_text(meant) if meant else NOTHING,
        district=plain_text(body["district"], DISTRICT_LENGTH),
        # Folding may lengthen a word (ß becomes ss).
        query=query[:QUERY_LENGTH].rstrip(),
        searcher=plain_text(body["searcher"], SEARCHER_LENGTH),
        is_found=whole_number(body, "pharmacies_found") > 0,
    )
