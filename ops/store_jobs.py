"""Jobs and their steps as people see them; DBOS keeps its own books elsewhere.

Every change of a job raises its `version`, so that another process sees with one query which of the live jobs
changed; on PostgreSQL the change is announced as well, by NOTIFY in the same transaction.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ops.store_codec import json_plan, plan_json, row_job, row_step
from ops.store_engine import Database, now
from ops.store_tables import event, job, job_step
from ops.work import Job, JobRequest, JobState, Phase, Plan, Step, StepState

CHANNEL = "flsvc_job"
LIVE = tuple(state.value for state in JobState if not state.ended)


class JobTables(Database):
    """The part of the store that knows jobs. `origin` marks this process' own announcements."""

    origin = ""

    def create_job(self, request: JobRequest) -> bool:
        """Insert a waiting job; False when one of this id exists already."""
        actor = request.actor
        row = {
            "id": request.id,
            "kind": request.kind,
            "title": request.title,
            "args": dict(request.args),
            "actor_id": actor.id,
            "actor_name": actor.name,
            "actor_channel": actor.channel,
            "state": JobState.WAITING.value,
            "created_at": now(),
        }
        with self.write() as connection:
            created = self.insert_once(connection, job, row)
            if created:
                self._announce(connection, request.id)
        return created

    def job(self, id: str) -> Job | None:
        """Return a job with its steps in the plan's order."""
        found = self._jobs(sa.select(job).where(job.c.id == id))
        return found[0] if found else None

    def jobs(
        self, *, states: Sequence[JobState] | None = None, actor: str | None = None, last: int = 50
    ) -> list[Job]:
        """List jobs, newest first."""
        query = sa.select(job).order_by(job.c.seq.desc()).limit(last)
        if states is not None:
            query = query.where(job.c.state.in_([state.value for state in states]))
        if actor is not None:
            query = query.where(job.c.actor_id == actor)
        return self._jobs(query)

    def set_job_plan(self, id: str, plan: Plan) -> None:
        """Keep the plan and create a pending step row for each of its steps; fine when done before."""
        rows = _step_rows(id, plan, 0)
        with self.write() as connection:
            changed = self._change(connection, id, job.c.plan.is_(None), plan=plan_json(plan))
            if changed and rows:
                connection.execute(sa.insert(job_step), rows)

    def add_job_phases(self, id: str, phases: Sequence[Phase]) -> Plan:
        """Append `undo` phases to a job's plan unless it has some, with their steps; returns the whole plan."""
        with self.write() as connection:
            plan = json_plan(connection.execute(sa.select(job.c.plan).where(job.c.id == id)).scalar_one())
            if plan.undo or not phases:
                return plan
            longer = Plan((*plan.phases, *phases))
            begin = sum(len(lane.steps) for lane in plan.lanes)
            self._change(connection, id, sa.true(), plan=plan_json(longer))
            connection.execute(sa.insert(job_step), _step_rows(id, Plan(tuple(phases)), begin))
        return longer

    def set_job_state(self, id: str, state: JobState, *, summary: str = "", error: str = "") -> None:
        """Change the state; sets started_at and ended_at as the state implies, the first time only.

        An end goes into the job's line of the audit in the same transaction.
        """
        at = now()
        values: dict[str, Any] = {"state": state.value}
        if state is not JobState.WAITING:
            values["started_at"] = sa.func.coalesce(job.c.started_at, at)
        if state.ended:
            values["ended_at"] = sa.func.coalesce(job.c.ended_at, at)
        values |= {name: text for name, text in (("summary", summary), ("error", error)) if text}
        with self.write() as connection:
            self._change(connection, id, sa.true(), ended=state.ended, **values)
            if state.ended:
                noted = sa.update(event).where(event.c.job_id == id, event.c.outcome == "")
                connection.execute(noted.values(outcome=state.value, detail=error or summary))

    def set_job_message(
        self, id: str, *, channel: str, message_ts: str, thread_ts: str = "", permalink: str = ""
    ) -> None:
        """Keep where the job's live message is; its line of the audit gets the link too."""
        values: dict[str, Any] = {"channel": channel, "message_ts": message_ts, "thread_ts": thread_ts}
        values["permalink"] = permalink
        with self.write() as connection:
            self._change(connection, id, sa.true(), **values)
            connection.execute(sa.update(event).where(event.c.job_id == id).values(permalink=permalink))

    def set_step(
        self, job_id: str, lane: str, name: str, state: StepState, *, detail: str = "", output: str = ""
    ) -> None:
        """Change one step; sets started_at and ended_at as the state implies."""
        at = now()
        values: dict[str, Any] = {"state": state.value, "detail": detail, "output": output}
        if state not in {StepState.PENDING, StepState.CANCELLED}:
            values["started_at"] = sa.func.coalesce(job_step.c.started_at, at)
        if state.ended:
            values["ended_at"] = at
        row = (job_step.c.job_id == job_id) & (job_step.c.lane == lane) & (job_step.c.name == name)
        with self.write() as connection:
            if not connection.execute(sa.update(job_step).where(row).values(**values)).rowcount:
                raise LookupError(f"job {job_id} has no step {name} on {lane}")
            self._change(connection, job_id, sa.true())

    def step(self, job_id: str, lane: str, name: str) -> Step | None:
        """Return one step as it stands."""
        row = (job_step.c.job_id == job_id) & (job_step.c.lane == lane) & (job_step.c.name == name)
        with self.read() as connection:
            found = connection.execute(sa.select(job_step).where(row)).mappings().first()
        return row_step(found, lane) if found else None

    def cancel_steps(self, job_id: str) -> None:
        """Mark every step that has not ended as cancelled."""
        open_states = [state.value for state in StepState if not state.ended]
        rows = (job_step.c.job_id == job_id) & job_step.c.state.in_(open_states)
        with self.write() as connection:
            connection.execute(
                sa.update(job_step).where(rows).values(state=StepState.CANCELLED.value, detail="", ended_at=now())
            )
            self._change(connection, job_id, sa.true())

    def live_jobs(self) -> list[str]:
        """Return the ids of jobs that have not ended, oldest first."""
        query = sa.select(job.c.id).where(job.c.state.in_(LIVE)).order_by(job.c.seq)
        with self.read() as connection:
            return list(connection.scalars(query))

    def ask_cancel(self, id: str) -> bool:
        """Note that a job is to stop; False when it had ended, or never was."""
        with self.write() as connection:
            return self._change(connection, id, job.c.state.in_(LIVE), cancel_asked=True)

    def cancel_asked(self) -> set[str]:
        """Return the ids of the live jobs that are to stop."""
        query = sa.select(job.c.id).where(job.c.state.in_(LIVE), job.c.cancel_asked)
        with self.read() as connection:
            return set(connection.scalars(query))

    def job_versions(self, known: Sequence[str] = ()) -> dict[str, tuple[int, bool]]:
        """Return version and "has ended" of every live job, and of those known from before."""
        query = sa.select(job.c.id, job.c.version, job.c.state).where(job.c.state.in_(LIVE) | job.c.id.in_(known))
        with self.read() as connection:
            rows = connection.execute(query).all()
        return {id: (version, JobState(state).ended) for id, version, state in rows}

    def _jobs(self, query: sa.Select[Any]) -> list[Job]:
        with self.read() as connection:
            rows = connection.execute(query).mappings().all()
            steps: dict[str, list[Step]] = defaultdict(list)
            belongs = job_step.c.job_id.in_([row["id"] for row in rows])
            for step in connection.execute(
                sa.select(job_step).where(belongs).order_by(job_step.c.job_id, job_step.c.position)
            ).mappings():
                steps[step["job_id"]].append(row_step(step, step["lane"]))
        return [row_job(row, tuple(steps[row["id"]])) for row in rows]

    def _change(
        self, connection: sa.Connection, id: str, only: sa.ColumnElement[bool], *, ended: bool = False, **values: Any
    ) -> bool:
        """Change a job's row and announce it; False when the condition kept it from being changed."""
        statement = sa.update(job).where(job.c.id == id, only).values(version=job.c.version + 1, **values)
        changed = connection.execute(statement).rowcount == 1
        if changed:
            self._announce(connection, id, ended=ended)
        return changed

    def _announce(self, connection: sa.Connection, id: str, *, ended: bool = False) -> None:
        if not self.is_sqlite:
            payload = json.dumps([self.origin, id, ended])
            connection.execute(sa.select(sa.func.pg_notify(CHANNEL, payload)))


def _step_rows(id: str, plan: Plan, begin: int) -> list[dict[str, Any]]:
    pairs = [(lane.key, name) for lane in plan.lanes for name in lane.steps]
    return [
        {"job_id": id, "lane": lane, "name": name, "position": n, "state": StepState.PENDING.value}
        for n, (lane, name) in enumerate(pairs, begin)
    ]
