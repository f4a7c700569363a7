"""Collections, images, embedding spaces, text towers, embeddings."""

from alembic import op

revision = "0001"
down_revision = None

ROLE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'babelpix_app') THEN
    CREATE ROLE babelpix_app NOLOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;  -- another database of the cluster was quicker
END $$;
GRANT babelpix_app TO CURRENT_USER;
"""

TABLES = """
CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE collections (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key           text NOT NULL UNIQUE CHECK (key <> ''),
  title         text NOT NULL DEFAULT '',
  visibility    text NOT NULL DEFAULT 'members'
                CHECK (visibility IN ('private', 'members', 'public')),
  settings      jsonb NOT NULL DEFAULT '{}',
  version       bigint NOT NULL DEFAULT 0,
  ready_count   bigint NOT NULL DEFAULT 0,
  pending_count bigint NOT NULL DEFAULT 0,
  created_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE images (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  collection_id  bigint NOT NULL REFERENCES collections ON DELETE CASCADE,
  sha256         bytea NOT NULL CHECK (octet_length(sha256) = 32),
  phash          bigint,
  size_bytes     bigint NOT NULL,
  width          integer NOT NULL DEFAULT 0,
  height         integer NOT NULL DEFAULT 0,
  frame_count    integer NOT NULL DEFAULT 1,
  media_type     text NOT NULL,
  filename       text NOT NULL DEFAULT '',
  caption        text NOT NULL DEFAULT '',
  tags           text[] NOT NULL DEFAULT '{}',
  uploader_id    text NOT NULL,
  uploader_name  text NOT NULL,
  source_path    text,
  source_channel text,
  source_message text,
  status         text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'ready', 'failed')),
  error          text,
  attempts       integer NOT NULL DEFAULT 0,
  enqueued_at    timestamptz,
  created_at     timestamptz NOT NULL DEFAULT now(),
  UNIQUE (collection_id, sha256)
);
CREATE INDEX images_sha256 ON images (sha256);
CREATE INDEX images_pending ON images (id) WHERE status = 'pending';

CREATE TABLE spaces (
  id            smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name          text NOT NULL,
  revision      text NOT NULL,
  dim           integer NOT NULL CHECK (dim BETWEEN 1 AND 4000),
  preprocessing jsonb NOT NULL DEFAULT '{}',
  live          boolean NOT NULL DEFAULT false,
  created_at    timestamptz NOT NULL DEFAULT now(),
  UNIQUE (name, revision)
);
CREATE UNIQUE INDEX spaces_one_live ON spaces (live) WHERE live;

CREATE TABLE text_towers (
  id         smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  space_id   smallint NOT NULL REFERENCES spaces ON DELETE CASCADE,
  revision   text NOT NULL,
  languages  text[] NOT NULL DEFAULT '{}',
  is_default boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (space_id, revision)
);
CREATE UNIQUE INDEX text_towers_one_default ON text_towers (space_id) WHERE is_default;

CREATE TABLE embeddings (
  space_id      smallint NOT NULL REFERENCES spaces ON DELETE CASCADE,
  image_id      bigint NOT NULL REFERENCES images ON DELETE CASCADE,
  frame         smallint NOT NULL DEFAULT 0,
  collection_id bigint NOT NULL,
  embedding     halfvec NOT NULL,
  PRIMARY KEY (space_id, image_id, frame)
);
-- A scan of a small collection reads every vector: keep them in the row, uncompressed.
ALTER TABLE embeddings ALTER COLUMN embedding SET STORAGE PLAIN;
CREATE INDEX embeddings_collection ON embeddings (collection_id, space_id);
CREATE INDEX embeddings_image ON embeddings (image_id);
"""

# The counters and the version change in the transaction that changes the pictures, so a cached
# page found by its version is never stale. One update per statement and collection, in the order
# of their ids, so that two transactions cannot lock each other out.
VERSION_TRIGGERS = """
CREATE FUNCTION count_images() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM bump_collections(array_agg(collection_id ORDER BY collection_id),
                             array_agg(ready ORDER BY collection_id),
                             array_agg(pending ORDER BY collection_id))
    FROM (SELECT collection_id, count(*) FILTER (WHERE status = 'ready') AS ready,
                 count(*) FILTER (WHERE status = 'pending') AS pending
          FROM new_rows GROUP BY collection_id) t;
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM bump_collections(array_agg(collection_id ORDER BY collection_id),
                             array_agg(-ready ORDER BY collection_id),
                             array_agg(-pending ORDER BY collection_id))
    FROM (SELECT collection_id, count(*) FILTER (WHERE status = 'ready') AS ready,
                 count(*) FILTER (WHERE status = 'pending') AS pending
          FROM old_rows GROUP BY collection_id) t;
  ELSE
    PERFORM bump_collections(array_agg(collection_id ORDER BY collection_id),
                             array_agg(ready ORDER BY collection_id),
                             array_agg(pending ORDER BY collection_id))
    FROM (SELECT n.collection_id,
                 count(*) FILTER (WHERE n.status = 'ready')
                   - count(*) FILTER (WHERE o.status = 'ready') AS ready,
                 count(*) FILTER (WHERE n.status = 'pending')
                   - count(*) FILTER (WHERE o.status = 'pending') AS pending
          FROM new_rows n JOIN old_rows o USING (id)
          -- Bookkeeping of the queue is not a change anybody can see.
          WHERE (n.status, n.caption, n.tags) IS DISTINCT FROM (o.status, o.caption, o.tags)
          GROUP BY n.collection_id) t;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION bump_collections(ids bigint[], ready bigint[], pending bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF ids IS NULL THEN RETURN; END IF;
  FOR i IN 1 .. array_length(ids, 1) LOOP
    UPDATE collections SET version = version + 1, ready_count = ready_count + ready[i],
                           pending_count = pending_count + pending[i]
    WHERE id = ids[i];
  END LOOP;
END $$;

CREATE TRIGGER images_inserted AFTER INSERT ON images REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION count_images();
CREATE TRIGGER images_updated AFTER UPDATE ON images
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION count_images();
CREATE TRIGGER images_deleted AFTER DELETE ON images REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION count_images();
REVOKE EXECUTE ON FUNCTION bump_collections FROM PUBLIC;
"""

# The bot works as babelpix_app, which owns nothing: even a query that forgets its WHERE clause
# sees one collection only, the one named for the transaction.
SECURITY = """
ALTER TABLE images ENABLE ROW LEVEL SECURITY;
ALTER TABLE embeddings ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_collection ON images TO babelpix_app
  USING (collection_id =
         (SELECT nullif(current_setting('babelpix.collection_id', true), '')::bigint));
CREATE POLICY one_collection ON embeddings TO babelpix_app
  USING (collection_id =
         (SELECT nullif(current_setting('babelpix.collection_id', true), '')::bigint));
GRANT USAGE ON SCHEMA public TO babelpix_app;
GRANT SELECT, INSERT ON collections TO babelpix_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON images TO babelpix_app;
GRANT SELECT ON embeddings, spaces, text_towers TO babelpix_app;

-- Whether any collection still needs a blob: the one question the bot may ask across them.
CREATE FUNCTION blob_is_used(digest bytea) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS 'SELECT EXISTS (SELECT FROM images WHERE sha256 = digest)';
REVOKE EXECUTE ON FUNCTION blob_is_used FROM PUBLIC;
GRANT EXECUTE ON FUNCTION blob_is_used TO babelpix_app;
"""


def upgrade() -> None:
    for statements in (ROLE, TABLES, VERSION_TRIGGERS, SECURITY):
        op.get_bind().exec_driver_sql(statements)
