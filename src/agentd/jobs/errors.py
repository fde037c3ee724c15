"""What can go wrong with jobs as a whole."""

from __future__ import annotations

from agentd.errors import AgentdError, Fault


class JobsError(AgentdError):
    """This process cannot go on with jobs; another one, or the same started again, may."""

    code = "jobs"
    fault = Fault.OPERATOR


class JobFailed(AgentdError):
    """All tries of a step have failed; `agentd jobs retry` begins them again. Holds no personal data: it is kept with
    the job."""

    code = "job-failed"
    fault = Fault.OPERATOR


class NoSuchJob(AgentdError):
    code = "no-such-job"
    fault = Fault.OPERATOR
