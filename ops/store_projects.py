"""Projects and the images built of them."""

import sqlalchemy as sa

from ops.model import Image, Project
from ops.store_codec import image_row, project_row, row_image, row_project
from ops.store_engine import Database
from ops.store_tables import image, project


class ProjectTables(Database):
    """The part of the store that knows what can be run."""

    def save_project(self, value: Project) -> None:
        """Insert or replace by id, which is the hash of the zip."""
        with self.write() as connection:
            self.upsert(connection, project, project_row(value), key=["id"])

    def project(self, id: str) -> Project | None:
        """Return one project, or None."""
        with self.read() as connection:
            row = connection.execute(sa.select(project).where(project.c.id == id)).mappings().first()
        return row_project(row) if row else None

    def projects(self, *, name: str | None = None, last: int | None = None) -> list[Project]:
        """List projects, newest first."""
        query = sa.select(project).order_by(project.c.uploaded_at.desc(), project.c.seq.desc()).limit(last)
        if name is not None:
            query = query.where(project.c.name == name)
        with self.read() as connection:
            return [row_project(row) for row in connection.execute(query).mappings()]

    def save_image(self, value: Image) -> None:
        """Insert, or replace the one of the same project, platform, arch and digest."""
        with self.write() as connection:
            self.upsert(connection, image, image_row(value), key=["project_id", "platform", "arch", "digest"])

    def images(self, project_id: str | None = None) -> list[Image]:
        """List images, newest first."""
        query = sa.select(image).order_by(image.c.built_at.desc(), image.c.seq.desc())
        if project_id is not None:
            query = query.where(image.c.project_id == project_id)
        with self.read() as connection:
            return [row_image(row) for row in connection.execute(query).mappings()]
