"""Languages by one code: the sources write "fi", "fin", "fi-FI" or "fi_FI" for Finnish."""

from functools import cache

from workers.training.errors import DataError


@cache
def base_language(code: str) -> str:
    """Return the shortest code of a language (ISO 639-1 where it has one), without its region."""
    try:
        from babel.core import get_global
    except ImportError as error:
        raise DataError("pip install Babel: it knows the codes of the languages") from error
    first = code.replace("_", "-").split("-")[0].lower()
    aliases = get_global("language_aliases")
    return str(aliases.get(first, first)).split("_")[0]
