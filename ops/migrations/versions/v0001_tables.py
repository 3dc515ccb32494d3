"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "v0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

_TIME = sa.DateTime(timezone=True)
# SQLite gives row ids only to INTEGER; PostgreSQL should not stop at two thousand million events.
Seq = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _seq() -> sa.Column[int]:
    return sa.Column("seq", Seq, primary_key=True, autoincrement=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def upgrade() -> None:
    """Make the tables."""
    _host()
    _docker_step()
    _project()
    _image()
    _deployment()
    _event()
    _job()
    _job_step()
    _request()
    _secret()
    _worker()
    _turn()
    _federation_lock()
    _waiting()


def _host() -> None:
    op.create_table(
        "host",
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
        sa.Column("facts_at", _TIME),
        sa.Column("registered_at", _TIME),
        _text("registered_by"),
    )


def _docker_step() -> None:
    op.create_table(
        "docker_step",
        _seq(),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        _text("state"),
        _text("detail"),
        _text("output"),
        sa.Column("started_at", _TIME),
        sa.Column("ended_at", _TIME),
        sa.UniqueConstraint("address", "name", name="uq_docker_step_address"),
    )


def _project() -> None:
    op.create_table(
        "project",
        _seq(),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        _text("name"),
        _text("kind"),
        sa.Column("definition", sa.JSON, nullable=False),
        sa.Column("requirements", sa.JSON, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("file_count", sa.Integer, nullable=False),
        _text("filename"),
        sa.Column("uploaded_at", _TIME, nullable=False),
        _text("uploaded_by"),
        _text("uploaded_by_name"),
    )
    op.create_index("ix_project_name", "project", ["name", "uploaded_at"])
    op.create_index("ix_project_uploaded_at", "project", ["uploaded_at", "seq"])


def _image() -> None:
    op.create_table(
        "image",
        _seq(),
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("arch", sa.Text, nullable=False),
        _text("reference"),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("built_at", _TIME, nullable=False),
        _text("built_by"),
        sa.Column("build_s", sa.Float, nullable=False),
        sa.UniqueConstraint("project_id", "platform", "arch", "digest", name="uq_image_project"),
    )


def _deployment() -> None:
    op.create_table(
        "deployment",
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
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("started_at", _TIME),
        sa.Column("ended_at", _TIME),
        sa.Column("took_s", sa.Float),
        _text("container_id"),
        _text("detail"),
        _text("permalink"),
        _text("returns_to"),
    )
    op.create_index("ix_deployment_created_at", "deployment", ["created_at", "seq"])
    op.create_index("ix_deployment_host", "deployment", ["host", "created_at", "seq"])
    op.create_index("ix_deployment_host_state", "deployment", ["host", "state", "created_at", "seq"])
    op.create_index("ix_deployment_by", "deployment", ["by", "created_at", "seq"])
    op.create_index("ix_deployment_state", "deployment", ["state", "created_at", "seq"])
    op.create_index("ix_deployment_job_id", "deployment", ["job_id"])


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("id", Seq, primary_key=True, autoincrement=True),
        sa.Column("at", _TIME, nullable=False),
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
    )
    op.create_index("ix_event_who", "event", ["who", "id"])
    op.create_index("ix_event_job_id", "event", ["job_id", "id"])


def _job() -> None:
    op.create_table(
        "job",
        _seq(),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        _text("kind"),
        _text("title"),
        sa.Column("args", sa.JSON, nullable=False),
        _text("actor_id"),
        _text("actor_name"),
        _text("actor_channel"),
        _text("state"),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("plan", sa.JSON(none_as_null=True)),
        sa.Column("started_at", _TIME),
        sa.Column("ended_at", _TIME),
        _text("summary"),
        _text("error"),
        _text("channel"),
        _text("message_ts"),
        _text("thread_ts"),
        _text("permalink"),
        sa.Column("cancel_asked", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("version", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_index("ix_job_state", "job", ["state", "seq"])
    op.create_index("ix_job_actor_id", "job", ["actor_id", "seq"])


def _job_step() -> None:
    op.create_table(
        "job_step",
        sa.Column("job_id", sa.Text, sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("lane", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        _text("state"),
        _text("detail"),
        _text("output"),
        sa.Column("started_at", _TIME),
        sa.Column("ended_at", _TIME),
    )


def _request() -> None:
    op.create_table(
        "request",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("seen_at", _TIME, nullable=False),
    )
    op.create_index("ix_request_seen_at", "request", ["seen_at"])


def _secret() -> None:
    op.create_table(
        "secret",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
    )


def _worker() -> None:
    op.create_table(
        "worker",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("seen_at", _TIME, nullable=False),
    )


def _turn() -> None:
    op.create_table(
        "turn",
        _seq(),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.UniqueConstraint("job_id", "lane", name="uq_turn_job_id"),
    )
    op.create_index("ix_turn_host", "turn", ["host", "seq"])


def _federation_lock() -> None:
    op.create_table(
        "federation_lock",
        sa.Column("federation", sa.Text, primary_key=True),
        _text("reason"),
        _text("by"),
        _text("by_name"),
        sa.Column("at", _TIME, nullable=False),
    )


def _waiting() -> None:
    op.create_table(
        "waiting",
        _seq(),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        _text("kind"),
        sa.Column("args", sa.JSON, nullable=False),
        _text("title"),
        _text("actor_id"),
        _text("actor_name"),
        _text("actor_channel"),
        sa.Column("created_at", _TIME, nullable=False),
        _text("project_id"),
        _text("state"),
        _text("started_job"),
        sa.UniqueConstraint("job_id", "host", name="uq_waiting_job_id"),
    )
    op.create_index("ix_waiting_state", "waiting", ["state", "created_at", "seq"])


def downgrade() -> None:
    """Drop the tables."""
    for name in (
        "waiting",
        "federation_lock",
        "turn",
        "worker",
        "secret",
        "request",
        "job_step",
        "job",
        "event",
        "deployment",
        "image",
        "project",
        "docker_step",
        "host",
    ):
        op.drop_table(name)
