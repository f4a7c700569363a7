"""A space is built behind the live one: building, ready, live, kept."""

from alembic import op

revision = "0004"
down_revision = "0003"

# `live` stays to be read, and is what the state says. At most one space is on its way.
STATES = """
ALTER TABLE spaces ADD COLUMN state text NOT NULL DEFAULT 'building'
  CHECK (state IN ('building', 'ready', 'live', 'kept'));
UPDATE spaces SET state = CASE WHEN live THEN 'live' ELSE 'kept' END;
ALTER TABLE spaces DROP COLUMN live;
ALTER TABLE spaces ADD COLUMN live boolean GENERATED ALWAYS AS (state = 'live') STORED;
CREATE UNIQUE INDEX spaces_one_live ON spaces (live) WHERE live;
CREATE UNIQUE INDEX spaces_one_on_its_way ON spaces ((true)) WHERE state IN ('building', 'ready');

-- When it got its state; what its model is called, to load it again; until when it must not be
-- switched to, because somebody compares; what the operator should know of it.
ALTER TABLE spaces ADD COLUMN since timestamptz NOT NULL DEFAULT now();
ALTER TABLE spaces ADD COLUMN source text NOT NULL DEFAULT '';
ALTER TABLE spaces ADD COLUMN held_until timestamptz;
ALTER TABLE spaces ADD COLUMN note text NOT NULL DEFAULT '';
-- Whether its model knows photographs; of those so far, the bundled one does not.
ALTER TABLE spaces ADD COLUMN photographs boolean NOT NULL DEFAULT true;
UPDATE spaces SET photographs = false WHERE name = 'mini';
"""

# Pictures at which a worker is, or that could not be had: rows of their own, because a lock on the
# picture's would keep its deletion waiting for a forward pass. No reference to images for the same
# reason; what a deletion leaves behind goes with the end of the building.
WORK = """
CREATE TABLE space_work (
  space_id smallint NOT NULL REFERENCES spaces ON DELETE CASCADE,
  image_id bigint NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  error    text,
  PRIMARY KEY (space_id, image_id)
);
"""

# Numbers across all collections, and the one thing that the bot may do to a space.
LOOKING = """
CREATE FUNCTION space_overview() RETURNS TABLE (
  id smallint, name text, source text, state text, dim integer, since timestamptz, note text,
  done bigint, total bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.id, s.name, s.source, s.state, s.dim, s.since, s.note,
    (SELECT count(*) FROM images i WHERE i.status = 'ready'
     AND EXISTS (SELECT FROM embeddings e WHERE e.space_id = s.id AND e.image_id = i.id)),
    (SELECT count(*) FROM images i WHERE i.status = 'ready'
     AND NOT EXISTS (SELECT FROM space_work w
                     WHERE w.space_id = s.id AND w.image_id = i.id AND w.error IS NOT NULL))
  FROM spaces s ORDER BY s.since, s.id
$$;
CREATE FUNCTION hold_space(wanted smallint, seconds double precision) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE spaces SET held_until = now() + make_interval(secs => seconds)
  WHERE id = wanted AND state IN ('building', 'ready')
$$;
REVOKE EXECUTE ON FUNCTION space_overview, hold_space FROM PUBLIC;
GRANT EXECUTE ON FUNCTION space_overview, hold_space TO babelpix_app;
"""


def upgrade() -> None:
    for statements in (STATES, WORK, LOOKING):
        op.get_bind().exec_driver_sql(statements)
