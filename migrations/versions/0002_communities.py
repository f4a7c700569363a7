"""Where pictures come from, settings of collections, leaving a server, imports, being forgotten."""

from alembic import op

revision = "0002"
down_revision = "0001"

# A picture can come with several messages. One that has a source is shown to those who can see
# one of its channels; one that has none, or was handed over for all as well, to everybody.
# images.source_channel and source_message stay for the code of before, until it is gone.
SOURCES = """
CREATE TABLE image_sources (
  image_id      bigint NOT NULL REFERENCES images ON DELETE CASCADE,
  collection_id bigint NOT NULL,
  channel       text NOT NULL CHECK (channel <> ''),
  message       text NOT NULL DEFAULT '',
  PRIMARY KEY (image_id, channel, message)
);
CREATE INDEX image_sources_channel ON image_sources (collection_id, channel);
CREATE INDEX image_sources_message ON image_sources (collection_id, message);
ALTER TABLE images ADD COLUMN confined boolean NOT NULL DEFAULT false;
CREATE INDEX images_uploader ON images (uploader_id);
CREATE INDEX images_newest ON images (collection_id, id);

ALTER TABLE image_sources ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_collection ON image_sources TO babelpix_app
  USING (collection_id =
         (SELECT nullif(current_setting('babelpix.collection_id', true), '')::bigint));
GRANT SELECT, INSERT, DELETE ON image_sources TO babelpix_app;

CREATE FUNCTION count_sources() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM bump_collections(array_agg(collection_id ORDER BY collection_id),
                           array_agg(0::bigint), array_agg(0::bigint))
  FROM (SELECT DISTINCT collection_id FROM changed) t;
  RETURN NULL;
END $$;
CREATE TRIGGER sources_inserted AFTER INSERT ON image_sources REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION count_sources();
CREATE TRIGGER sources_deleted AFTER DELETE ON image_sources REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION count_sources();
"""

# Who sees a picture, and whose it is, are changes that anybody can see.
VERSIONS = """
CREATE OR REPLACE FUNCTION count_images() RETURNS trigger
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
          WHERE (n.status, n.caption, n.tags, n.confined, n.uploader_id)
                IS DISTINCT FROM (o.status, o.caption, o.tags, o.confined, o.uploader_id)
          GROUP BY n.collection_id) t;
  END IF;
  RETURN NULL;
END $$;
"""

COLLECTIONS = """
ALTER TABLE collections ADD COLUMN left_at timestamptz;
GRANT UPDATE (settings, left_at) ON collections TO babelpix_app;

-- Only what was left and emptied before; nothing else of a collection is the bot's to remove.
CREATE FUNCTION drop_left_collection(wanted text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH dropped AS (
    DELETE FROM collections c WHERE c.key = wanted AND c.left_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM images i WHERE i.collection_id = c.id) RETURNING 1)
  SELECT EXISTS (SELECT FROM dropped)
$$;
REVOKE EXECUTE ON FUNCTION drop_left_collection FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_left_collection TO babelpix_app;
"""

# A place that has another name now. Its pictures go along; those the new one has stay behind, and
# the emptied rest is what drop_left_collection() takes away later.
MOVING = """
CREATE FUNCTION move_collection(old_key text, new_key text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE old_id bigint; new_id bigint;
BEGIN
  SELECT id INTO old_id FROM collections WHERE key = old_key FOR UPDATE;
  IF old_id IS NULL OR old_key = new_key THEN RETURN; END IF;
  SELECT id INTO new_id FROM collections WHERE key = new_key FOR UPDATE;
  IF new_id IS NULL THEN
    UPDATE collections SET key = new_key WHERE id = old_id;
    RETURN;
  END IF;
  UPDATE collections n SET settings = o.settings FROM collections o
  WHERE n.id = new_id AND o.id = old_id AND n.settings = '{}';
  CREATE TEMPORARY TABLE moving ON COMMIT DROP AS
    SELECT i.id FROM images i WHERE i.collection_id = old_id
    AND NOT EXISTS (SELECT FROM images k WHERE k.collection_id = new_id AND k.sha256 = i.sha256);
  UPDATE embeddings SET collection_id = new_id WHERE image_id IN (SELECT id FROM moving);
  UPDATE image_sources SET collection_id = new_id WHERE image_id IN (SELECT id FROM moving);
  UPDATE images SET collection_id = new_id WHERE id IN (SELECT id FROM moving);
  DROP TABLE moving;
  UPDATE collections c SET version = version + 1,
    ready_count = (SELECT count(*) FROM images WHERE collection_id = c.id AND status = 'ready'),
    pending_count = (SELECT count(*) FROM images WHERE collection_id = c.id AND status = 'pending'),
    left_at = CASE WHEN c.id = old_id THEN now() ELSE c.left_at END
  WHERE c.id IN (old_id, new_id);
END $$;
REVOKE EXECUTE ON FUNCTION move_collection FROM PUBLIC;
GRANT EXECUTE ON FUNCTION move_collection TO babelpix_app;
"""

# What the bot may ask and do across collections, for one person's own uploads.
FORGETTING = """
CREATE FUNCTION uploads_of(person text) RETURNS TABLE (collection text, image_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.key, i.id FROM images i JOIN collections c ON c.id = i.collection_id
  WHERE i.uploader_id = person AND person <> '' ORDER BY i.id
$$;
CREATE FUNCTION forget_uploader(person text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE images SET uploader_id = '', uploader_name = ''
  WHERE uploader_id = person AND person <> ''
$$;
REVOKE EXECUTE ON FUNCTION uploads_of, forget_uploader FROM PUBLIC;
GRANT EXECUTE ON FUNCTION uploads_of, forget_uploader TO babelpix_app;
"""

IMPORTS = """
CREATE TABLE imports (
  collection_id    bigint NOT NULL REFERENCES collections ON DELETE CASCADE,
  channel          text NOT NULL CHECK (channel <> ''),
  state            text NOT NULL CHECK (state IN ('running', 'stopped', 'done')),
  cursor           text NOT NULL DEFAULT '',
  seen             bigint NOT NULL DEFAULT 0,
  added            bigint NOT NULL DEFAULT 0,
  known            bigint NOT NULL DEFAULT 0,
  refused          bigint NOT NULL DEFAULT 0,
  language         text NOT NULL DEFAULT 'en',
  progress_channel text NOT NULL DEFAULT '',
  progress_message text NOT NULL DEFAULT '',
  updated_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (collection_id, channel)
);
-- Numbers and places only, no pictures: the bot looks for what is to go on in all collections.
GRANT SELECT, INSERT, UPDATE, DELETE ON imports TO babelpix_app;
"""


def upgrade() -> None:
    for statements in (SOURCES, VERSIONS, COLLECTIONS, MOVING, FORGETTING, IMPORTS):
        op.get_bind().exec_driver_sql(statements)
