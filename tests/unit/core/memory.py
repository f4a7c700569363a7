"""The core's other ports in memory, and a conversation over all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bot.core.communities import Communities
from bot.core.community_ports import Import, Statistics
from bot.core.conversation import Conversation
from bot.core.errors import UnavailableError
from bot.core.library import Library, UploadLimits
from bot.core.messages import Incoming, Person, Reply, Request
from bot.core.policy import Policy
from bot.core.ports import (
    CollectionState,
    EmbeddingSpace,
    Match,
    Probe,
    Vector,
)
from bot.core.questions import digest
from bot.core.relevance import Curve
from bot.core.search import Search
from tests.unit.core.memory_pictures import COLLECTION, MemoryPictures, vector

ADMIN = Person("test:admin", "Ada", is_admin=True)
MEMBER = Person("test:member", "Max", groups=frozenset({"role:1"}))


class MemoryCache:
    """A cache that forgets nothing, or everything but what is behind buttons."""

    def __init__(self, *, forgetful: bool = False) -> None:
        self.forgetful = forgetful
        self.vectors: dict[tuple[EmbeddingSpace, str], Probe] = {}
        self.pages: dict[tuple[int, int, str], Sequence[Match]] = {}
        self.counts: dict[tuple[int, int, str], int] = {}
        self.paging: dict[str, str] = {}

    async def get_vector(self, space: EmbeddingSpace, text: str) -> Probe | None:
        return self.vectors.get((space, text))

    async def put_vector(self, space: EmbeddingSpace, text: str, probe: Probe) -> None:
        if not self.forgetful:
            self.vectors[space, text] = probe

    async def get_page(self, state: CollectionState, key: str) -> Sequence[Match] | None:
        return self.pages.get((state.id, state.version, key))

    async def put_page(self, state: CollectionState, key: str, matches: Sequence[Match]) -> None:
        if not self.forgetful:
            self.pages[state.id, state.version, key] = matches

    async def get_count(self, state: CollectionState, key: str) -> int | None:
        return self.counts.get((state.id, state.version, key))

    async def put_count(self, state: CollectionState, key: str, count: int) -> None:
        if not self.forgetful:
            self.counts[state.id, state.version, key] = count

    async def save_paging(self, query: str) -> str:
        token = digest(query)
        self.paging[token] = query
        return token

    async def load_paging(self, token: str) -> str | None:
        return self.paging.get(token)


class CountingEncoder:
    """Knows the vectors it was told, encodes everything else alike, and counts."""

    def __init__(self) -> None:
        self.calls = 0
        self.is_idle = False
        self.vectors: dict[str, Vector] = {}
        self.curve: Curve | None = None
        """Given with every question's vector."""

    async def encode_text(self, text: str, space: EmbeddingSpace) -> Probe:
        self.calls += 1
        return Probe(self.vectors.get(text, vector(1, 0)), self.curve)

    async def encode_image(self, content: bytes, space: EmbeddingSpace) -> Vector:
        self.calls += 1
        return content[:4]

    async def ready(self) -> bool:
        return True


class MemoryHistory:
    """Questions by person and place, in the order they were asked."""

    def __init__(self) -> None:
        self.own: list[tuple[str, str, str]] = []
        self.shared: list[tuple[str, str, str]] = []
        self.is_down = False

    async def remember(
        self, collection: str, person_id: str, question: str, *, is_public: bool
    ) -> None:
        self.own.append((collection, person_id, question))
        if is_public:
            self.shared.append((collection, person_id, question))

    async def recent(self, collection: str, person_id: str) -> Sequence[str]:
        if self.is_down:
            raise UnavailableError(part="history")
        own = [said for place, who, said in self.own if (place, who) == (collection, person_id)]
        shared = [said for place, _, said in self.shared if place == collection]
        return own[::-1] + shared[::-1]

    async def forget(self, person_id: str) -> None:
        if self.is_down:
            raise UnavailableError(part="history")
        self.own = [asked for asked in self.own if asked[1] != person_id]
        self.shared = [asked for asked in self.shared if asked[1] != person_id]


class MemoryLimiter:
    """Lets through until it is told otherwise."""

    def __init__(self) -> None:
        self.wait_s = 0.0
        self.asked: list[tuple[str, str]] = []

    async def admit(self, collection: str, person_id: str) -> float:
        self.asked.append((collection, person_id))
        return self.wait_s


class MemoryCommunityStore:
    """What admins and the platform do to the collections of :class:`MemoryPictures`."""

    def __init__(self, pictures: MemoryPictures) -> None:
        self._pictures = pictures
        self.left_days: dict[str, int] = {}
        """Collections that the bot was removed from, with how long ago."""
        self.dropped: list[str] = []
        self.imports: dict[tuple[str, str], Import] = {}

    async def save_policy(self, collection: str, policy: Policy) -> None:
        self._pictures.policies[collection] = policy

    async def statistics(self, collection: str, person_id: str) -> Statistics:
        kept = self._pictures.collections[collection].values()
        uploaders = [picture.uploader_id for picture in kept]
        return Statistics(
            *(len(kept), 0, 0, len(kept), len(set(uploaders)), (), uploaders.count(person_id)),
            preparing=self._pictures.preparing_now,
        )

    async def of_messages(
        self, collection: str, channel: str, messages: Sequence[str]
    ) -> Sequence[int]:
        orphans = []
        for image_id, kept in self._pictures.collections[collection].items():
            gone = {one for one in kept.sources if one[1] in messages and channel in {"", one[0]}}
            if gone:
                kept.sources -= gone
                if kept.confined and not kept.sources:
                    orphans.append(image_id)
        return orphans

    async def mark_left(self, collection: str) -> None:
        self.left_days.setdefault(collection, 0)

    async def move(self, old: str, new: str) -> None:
        pictures = self._pictures.collections
        if old in pictures:
            pictures[new] = pictures.pop(old) | pictures.get(new, {})

    async def mark_present(self, collections: Sequence[str]) -> None:
        for key in collections:
            self.left_days.pop(key, None)

    async def known(self, prefix: str) -> Sequence[str]:
        keys: Iterable[str] = self._pictures.collections
        return [key for key in keys if key.startswith(prefix) and key not in self.left_days]

    async def long_left(self, days: int) -> Sequence[str]:
        return [key for key, ago in self.left_days.items() if ago >= days]

    async def drop(self, collection: str) -> None:
        assert not self._pictures.collections.pop(collection), "only an empty one"
        del self.left_days[collection]
        self.dropped.append(collection)

    async def image_ids(self, collection: str, limit: int) -> Sequence[int]:
        return list(self._pictures.collections[collection])[:limit]

    async def uploads_of(self, person_id: str) -> Sequence[tuple[str, int]]:
        return [
            (key, image_id)
            for key, pictures in self._pictures.collections.items()
            for image_id, kept in pictures.items()
            if kept.uploader_id == person_id
        ]

    async def forget_uploader(self, person_id: str) -> None:
        for key, image_id in await self.uploads_of(person_id):
            self._pictures.collections[key][image_id].uploader_id = ""

    async def get_import(self, collection: str, channel: str) -> Import | None:
        return self.imports.get((collection, channel))

    async def save_import(self, progress: Import) -> None:
        self.imports[progress.collection, progress.channel] = progress

    async def running_imports(self) -> Sequence[Import]:
        return [one for one in self.imports.values() if one.state == "running"]


class MemoryNotebook:
    """Notes, claims and sets in memory; nothing expires."""

    def __init__(self) -> None:
        self.notes: dict[str, str] = {}
        self.sets: dict[str, set[str]] = {}

    async def get(self, names: Sequence[str]) -> list[str | None]:
        return [self.notes.get(name) for name in names]

    async def put(self, notes: Mapping[str, str], ttl_s: int) -> None:
        self.notes |= notes

    async def forget(self, names: Sequence[str]) -> None:
        for name in names:
            self.notes.pop(name, None)
            self.sets.pop(name, None)

    async def claim(self, name: str, ttl_s: int) -> bool:
        if name in self.notes:
            return False
        self.notes[name] = "1"
        return True

    async def add(self, name: str, member: str, ttl_s: int) -> None:
        self.sets.setdefault(name, set()).add(member)

    async def remove(self, name: str, member: str) -> None:
        self.sets.get(name, set()).discard(member)

    async def members(self, name: str) -> frozenset[str]:
        return frozenset(self.sets.get(name, ()))


class MemoryBot:
    """A conversation over ports in memory, each of which a test may look into."""

    def __init__(
        self, pictures: MemoryPictures | None = None, encoder: CountingEncoder | None = None
    ) -> None:
        self.pictures = pictures or MemoryPictures()
        self.cache = MemoryCache()
        self.encoder = encoder or CountingEncoder()
        self.history = MemoryHistory()
        self.limiter = MemoryLimiter()
        self.notebook = MemoryNotebook()
        self.community_store = MemoryCommunityStore(self.pictures)
        library = Library(self.pictures, UploadLimits())
        self.communities = Communities(
            self.community_store, self.pictures, library, self.pictures, self.history
        )
        self.conversation = Conversation(
            Search(self.encoder, self.pictures, self.cache),
            library,
            self.encoder,
            self.history,
            self.limiter,
            self.communities,
            self.notebook,
        )

    async def say(
        self,
        request: Request,
        *,
        person: Person = MEMBER,
        sees: Iterable[str] | None = None,
        page_size: int = 10,
        is_public: bool = False,
        from_anybody: bool = False,
    ) -> Reply:
        """Send one request and return the reply that stays."""
        last = Reply("")
        incoming = Incoming(
            COLLECTION,
            person,
            "en",
            request,
            page_size,
            None if sees is None else frozenset(sees),
            is_public,
            from_anybody,
        )
        async for reply in self.conversation.handle(incoming):
            last = reply
        return last


def image_ids(reply: Reply) -> list[int]:
    """Return the pictures of an answer, best first."""
    return [hit.image_id for hit in reply.hits]
