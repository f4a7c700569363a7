"""What an operator calls a model and its commits."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from workers.hub.catalogue import CATALOGUE, KnownModel
from workers.hub.errors import HubError


def known_model(name: str) -> KnownModel:
    """Return a model of the catalogue; raises HubError."""
    if found := CATALOGUE.get(name):
        return found
    close = difflib.get_close_matches(name, CATALOGUE, 1)
    hint = f" Did you mean {close[0]}?" if close else ""
    raise HubError(
        f"no model is known by the name {name!r}; `python -m workers models` lists those that"
        f" are.{hint}"
    )


def pinned(model: KnownModel, wanted: Sequence[str]) -> dict[str, str]:
    """Read ``[REPOSITORY=]HASH`` as commits by repository; raises HubError."""
    revisions = {}
    for each in wanted:
        repository, _, revision = each.rpartition("=")
        if not repository and len(model.sources) > 1:
            names = " and ".join(source.repository for source in model.sources)
            raise HubError(f"{model.name} is made of {names}: write --revision REPOSITORY={each}")
        revisions[repository or model.sources[0].repository] = revision
    return revisions
