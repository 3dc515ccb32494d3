"""The tables, as SQLAlchemy Core knows them; `ops/migrations` makes them, and a test compares the two.

Nothing here is readable and secret at once: passwords are ciphertext in `secret`, everything else holds their ids.
`seq` numbers rows in the order they came, which breaks ties of time and makes "the newest N" a walk down an index.
"""

from datetime import UTC, datetime

import sqlalchemy as sa

metadata = sa.MetaData()


class UtcTime(sa.TypeDecorator[datetime]):
    """Keep aware datetimes as UTC; SQLite has no time zone, so it is put back when read."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Refuse a naive time, which would be silently off by hours."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Return the time in UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite gives row ids only to INTEGER; PostgreSQL should not stop at two thousand million events.
Seq = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _seq() -> sa.Column[int]:
    return sa.Column("seq", Seq, primary_key=True, autoincrement=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


host = sa.Table(
    "host",
    metadata,
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("numeric", sa.Text, nullable=False),
    _text("user"),
    _text("key_kind"),
    _text("key_body"),
    _text("key_fingerprint"),
    _text("flower_type"),
    sa.Column("port", sa.Integer, nullable=False),
    _text("name"),
    _text("federation"),
    _text("contact"),
    _text("description"),
    _text("sudo"),
    _text("sudo_secret"),
    sa.Column("facts", sa.JSON(none_as_null=True)),
    sa.Column("facts_at", UtcTime),
    sa.Column("registered_at", UtcTime),
    _text("registered_by"),
)

docker_step = sa.Table(
    "docker_step",
    metadata,
    _seq(),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    _text("state"),
    _text("detail"),
    _text("output"),
    sa.Column("started_at", UtcTime),
    sa.Column("ended_at", UtcTime),
    sa.UniqueConstraint("address", "name", name="uq_docker_step_address"),
)

project = sa.Table(
    "project",
    metadata,
    _seq(),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    _text("name"),
    _text("kind"),
    sa.Column("definition", sa.JSON, nullable=False),
    sa.Column("requirements", sa.JSON, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("file_count", sa.Integer, nullable=False),
    _text("filename"),
    sa.Column("uploaded_at", UtcTime, nullable=False),
    _text("uploaded_by"),
    _text("uploaded_by_name"),
    sa.Index("ix_project_name", "name", "uploaded_at"),
    sa.Index("ix_project_uploaded_at", "uploaded_at", "seq"),
)

image = sa.Table(
    "image",
    metadata,
    _seq(),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("arch", sa.Text, nullable=False),
    _text("reference"),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("built_at", UtcTime, nullable=False),
    _text("built_by"),
    sa.Column("build_s", sa.Float, nullable=False),
    sa.UniqueConstraint("project_id", "platform", "arch", "digest", name="uq_image_project"),
)

deployment = sa.Table(
    "deployment",
    metadata,
    _seq(),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    _text("host"),
    _text("project_id"),
    _text("project_name"),
    _text("image_digest"),
    _text("state"),
    _text("by"),
    _text("by_name"),
    _text("job_id"),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("started_at", UtcTime),
    sa.Column("ended_at", UtcTime),
    sa.Column("took_s", sa.Float),
    _text("container_id"),
    _text("detail"),
    _text("permalink"),
    _text("returns_to"),
    sa.Index("ix_deployment_created_at", "created_at", "seq"),
    sa.Index("ix_deployment_host", "host", "created_at", "seq"),
    sa.Index("ix_deployment_host_state", "host", "state", "created_at", "seq"),
    sa.Index("ix_deployment_by", "by", "created_at", "seq"),
    sa.Index("ix_deployment_state", "state", "created_at", "seq"),
    sa.Index("ix_deployment_job_id", "job_id"),
)

event = sa.Table(
    "event",
    metadata,
    sa.Column("id", Seq, primary_key=True, autoincrement=True),
    sa.Column("at", UtcTime, nullable=False),
    _text("who"),
    _text("who_name"),
    _text("where"),
    _text("what"),
    _text("arguments"),
    _text("target"),
    _text("outcome"),
    _text("detail"),
    _text("job_id"),
    _text("permalink"),
    sa.Index("ix_event_who", "who", "id"),
    sa.Index("ix_event_job_id", "job_id", "id"),
)

job = sa.Table(
    "job",
    metadata,
    _seq(),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    _text("kind"),
    _text("title"),
    sa.Column("args", sa.JSON, nullable=False),
    _text("actor_id"),
    _text("actor_name"),
    _text("actor_channel"),
    _text("state"),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("plan", sa.JSON(none_as_null=True)),
    sa.Column("started_at", UtcTime),
    sa.Column("ended_at", UtcTime),
    _text("summary"),
    _text("error"),
    _text("channel"),
    _text("message_ts"),
    _text("thread_ts"),
    _text("permalink"),
    sa.Column("cancel_asked", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("version", sa.Integer, nullable=False, server_default="0"),
    sa.Index("ix_job_state", "state", "seq"),
    sa.Index("ix_job_actor_id", "actor_id", "seq"),
)

job_step = sa.Table(
    "job_step",
    metadata,
    sa.Column("job_id", sa.Text, sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("lane", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    _text("state"),
    _text("detail"),
    _text("output"),
    sa.Column("started_at", UtcTime),
    sa.Column("ended_at", UtcTime),
)

request = sa.Table(
    "request",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("seen_at", UtcTime, nullable=False),
    sa.Index("ix_request_seen_at", "seen_at"),
)

secret = sa.Table(
    "secret",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("ciphertext", sa.LargeBinary, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
)

worker = sa.Table(
    "worker",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("seen_at", UtcTime, nullable=False),
)

turn = sa.Table(
    "turn",
    metadata,
    _seq(),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("job_id", sa.Text, nullable=False),
    sa.Column("lane", sa.Text, nullable=False),
    sa.UniqueConstraint("job_id", "lane", name="uq_turn_job_id"),
    sa.Index("ix_turn_host", "host", "seq"),
)

federation_lock = sa.Table(
    "federation_lock",
    metadata,
    sa.Column("federation", sa.Text, primary_key=True),
    _text("reason"),
    _text("by"),
    _text("by_name"),
    sa.Column("at", UtcTime, nullable=False),
)

waiting = sa.Table(
    "waiting",
    metadata,
    _seq(),
    sa.Column("job_id", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    _text("kind"),
    sa.Column("args", sa.JSON, nullable=False),
    _text("title"),
    _text("actor_id"),
    _text("actor_name"),
    _text("actor_channel"),
    sa.Column("created_at", UtcTime, nullable=False),
    _text("project_id"),
    _text("state"),
    _text("started_job"),
    sa.UniqueConstraint("job_id", "host", name="uq_waiting_job_id"),
    sa.Index("ix_waiting_state", "state", "created_at", "seq"),
)
